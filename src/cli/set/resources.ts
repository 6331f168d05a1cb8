/** `set resources`: what containers of a Pod template ask for and may use. */
import { isQuantity } from "../../machinery/quantity.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { changePodSpec, matchingContainers, setFlags } from "./change-pod-spec.ts";

const flags: readonly Flag[] = [
  ...setFlags,
  { name: "containers", short: "c", type: "string", default: "*", about: "names of the containers; may hold *" },
  { name: "limits", type: "string", about: "what they may use at most, such as cpu=200m,memory=512Mi" },
  { name: "requests", type: "string", about: "what is kept for them, such as cpu=100m,memory=256Mi" },
];

export const setResources: Command = {
  usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) [--limits=...] [--requests=...] [flags]",
  about: "Says how much of the processor and of memory the containers of a Pod template ask for and may use.",
  examples: `windlass set resources deployment web --requests=cpu=100m,memory=128Mi --limits=memory=256Mi`,
  flags,
  completes: "objects",
  async run(invocation, environment) {
    const { flags: given, args } = invocation;
    const limits = quantitiesOf(given.string("limits"));
    const requests = quantitiesOf(given.string("requests"));
    if (args.length === 0 && given.list("filename").length === 0)
      throw new CommandError("one or more resources must be specified as <resource> <name> or <resource>/<name>");
    if (!limits && !requests)
      throw new CommandError("you must specify an update to requests or limits (in the form of --requests/--limits)");
    return changePodSpec(invocation, environment, {
      done: "resource requirements updated",
      noun: "resources",
      flags,
      resources: args,
      apply(spec) {
        const containers = matchingContainers(spec, given.string("containers"));
        if (containers.length === 0) throw new CommandError(`unable to find container named ${given.string("containers")}`);
        for (const container of containers) {
          container.resources ??= {};
          if (limits) container.resources.limits = merged(container.resources.limits, limits);
          if (requests) container.resources.requests = merged(container.resources.requests, requests);
        }
      },
    });
  },
};

function quantitiesOf(text: string): Record<string, string> | undefined {
  if (text === "") return undefined;
  const quantities: Record<string, string> = {};
  for (const part of text.split(",")) {
    const [name = "", value, more] = part.split("=");
    if (name === "" || value === undefined || more !== undefined)
      throw new CommandError(`Invalid argument syntax ${part}, expected <resource>=<value>`);
    if (!isQuantity(value))
      throw new CommandError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    quantities[name] = value;
  }
  return quantities;
}

const merged = (
  present: Readonly<Record<string, string | number>> | undefined,
  wanted: Readonly<Record<string, string>>,
): Record<string, string | number> => ({ ...present, ...wanted });
