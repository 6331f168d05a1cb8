/** `exec`: a command in a container that runs. */
import { pathOf, queryText } from "../../client/paths.ts";
import type { Command, Invocation } from "../command.ts";
import { CommandError, usageError } from "../errors.ts";
import { containerOf, firstPodOf, podRef } from "../objects/pods-of.ts";
import { parseTimeout } from "../timeout.ts";
import { sessionFlags } from "./session-flags.ts";
import { terminalOf } from "./terminal.ts";
import { runRemote } from "./remote-command.ts";

const flags = sessionFlags({ container: "in this container", of: "command" });

export const exec: Command = {
  usage: "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
  about: "Runs a command in a container. Ends with the command's own exit code.",
  examples: `windlass exec web-0 -- date
windlass exec -it deployment/web -c web -- sh
tar c . | windlass exec -i web-0 -- tar x -C /srv`,
  flags,
  completes: "pods",
  async run(invocation, environment) {
    const { flags: given } = invocation;
    const { target, command } = wordsOf(invocation);
    const connection = await environment.connect(given);
    try {
      const { pod } = await firstPodOf(environment, connection, target, parseTimeout(given.string("pod-running-timeout")) ?? 0);
      const { phase } = pod.status ?? {};
      if (phase === "Succeeded" || phase === "Failed")
        throw new CommandError(`cannot exec into a container in a completed pod; current phase is ${phase}`);
      const quiet = { stderr: given.bool("quiet") ? { ...environment.stderr, write() {} } : environment.stderr };
      const container = containerOf(pod, given.string("container"), quiet);
      const withStdin = given.bool("stdin");
      const withTerminal = terminalOf({ withStdin, wanted: given.bool("tty"), quiet: given.bool("quiet") }, environment);
      const { name, namespace } = pod.metadata;
      const fixed = queryText({
        container,
        stdin: withStdin || undefined,
        stdout: true,
        stderr: withTerminal ? undefined : true,
        tty: withTerminal || undefined,
      });
      const words = command.map((word) => `&command=${encodeURIComponent(word)}`).join("");
      return await runRemote(
        { path: pathOf(podRef, namespace, name, "exec") + fixed + words, withStdin, withTerminal },
        environment,
        connection,
      );
    } finally {
      connection.close();
    }
  },
};

function wordsOf({ args, argsBeforeDashes, name }: Invocation): { readonly target: string; readonly command: readonly string[] } {
  const [target] = args;
  if (argsBeforeDashes === undefined) {
    if (target !== undefined && args.length > 1)
      throw usageError(name, "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead");
    throw new CommandError(
      target === undefined ? "pod, type/name or --filename must be specified" : "you must specify at least one command for the container",
    );
  }
  if (argsBeforeDashes === 0 || target === undefined) throw new CommandError("pod, type/name or --filename must be specified");
  if (argsBeforeDashes > 1) throw usageError(name, `exactly one pod must be named before --, not ${argsBeforeDashes}`);
  const command = args.slice(1);
  if (command.length === 0) throw new CommandError("you must specify at least one command for the container");
  return { target, command };
}
