/** Verbs that kubectl has and this command has not: refused by name, with the way to go instead. */
import type { Command, CommandEntry } from "./command.ts";
import { CommandError } from "./errors.ts";

const hints: Readonly<Record<string, string>> = {
  autoscale: "apply a HorizontalPodAutoscaler with `windlass apply -f`; the embedded engine has no controller that acts on one",
  debug: "use `windlass exec`, or `windlass run -it --rm --image=IMAGE`",
  kustomize: "run `kustomize build DIR | windlass apply -f -`, or `kubectl kustomize DIR`",
  proxy: "use `windlass port-forward`, or `windlass get --raw PATH`",
  top: "the embedded engine measures no Pods; use `kubectl top` on a cluster that does",
};

const refused = (name: string): Command => ({
  usage: "",
  about: `Not there: ${hints[name]}.`,
  flags: [],
  // Whatever flags follow, the answer is the same.
  interspersed: false,
  async run() {
    throw new CommandError(`${name} is not supported by windlass: ${hints[name]}`);
  },
});

/** They are not listed. */
export const refusedEntries: readonly CommandEntry[] = Object.keys(hints).map((name) => ({
  name,
  summary: `not there: ${hints[name]}`,
  load: async () => refused(name),
}));
