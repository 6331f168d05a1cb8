/** `create poddisruptionbudget`, `create priorityclass` and `create quota`. */
import { canonicalQuantity, isQuantity } from "../../machinery/quantity.ts";
import { CommandError } from "../errors.ts";
import type { Generator } from "./generator.ts";
import { selectorOf } from "./labels.ts";

export const podDisruptionBudget: Generator = {
  kind: { group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets", scope: "Namespaced" },
  usage: "NAME --selector=LABELS (--min-available=N | --max-unavailable=N) [flags]",
  refusal: "failed to create poddisruptionbudgets: ",
  about: "Says how many Pods must stay, or may go, when nodes are drained.",
  examples: "windlass create poddisruptionbudget web --selector=app=web --min-available=50%",
  flags: [
    { name: "selector", type: "string", about: "labels of the Pods" },
    { name: "min-available", type: "string", about: "so many must stay: a number, or a percentage" },
    { name: "max-unavailable", type: "string", about: "so many may be away: a number, or a percentage" },
  ],
  generate({ name, flags }) {
    const [selector, least, most] = [flags.string("selector"), flags.string("min-available"), flags.string("max-unavailable")];
    if (selector === "") throw new CommandError("a selector must be specified");
    if (least === "" && most === "") throw new CommandError("one of min-available or max-unavailable must be specified");
    if (least !== "" && most !== "") throw new CommandError("min-available and max-unavailable cannot be both specified");
    return {
      metadata: { name },
      spec: {
        ...(least !== "" && { minAvailable: amount(least, "min-available") }),
        selector: selectorOf(selector),
        ...(most !== "" && { maxUnavailable: amount(most, "max-unavailable") }),
      },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    };
  },
};

function amount(text: string, flag: string): string | number {
  if (!/^\d+%?$/.test(text)) throw new CommandError(`invalid format specified for ${flag}`);
  return text.endsWith("%") ? text : Number(text);
}

export const priorityClass: Generator = {
  kind: { group: "scheduling.k8s.io", version: "v1", kind: "PriorityClass", plural: "priorityclasses", scope: "Cluster" },
  usage: "NAME --value=N [--global-default] [--description=TEXT] [flags]",
  about: "Makes a class of Pods that go before others, or after them.",
  examples: "windlass create priorityclass urgent --value=1000 --description='goes first'",
  flags: [
    { name: "value", type: "int", default: "0", about: "the higher, the earlier" },
    { name: "global-default", about: "for Pods that name no class" },
    { name: "description", type: "string", about: "what it is for" },
    {
      name: "preemption-policy",
      type: "string",
      default: "PreemptLowerPriority",
      about: "whether others make room for it: PreemptLowerPriority or Never",
    },
  ],
  generate: ({ name, flags }) => ({
    metadata: { name },
    value: flags.int("value"),
    ...(flags.bool("global-default") && { globalDefault: true }),
    ...(flags.string("description") !== "" && { description: flags.string("description") }),
    preemptionPolicy: flags.string("preemption-policy"),
  }),
};

export const quota: Generator = {
  kind: { group: "", version: "v1", kind: "ResourceQuota", plural: "resourcequotas", scope: "Namespaced" },
  usage: "NAME [--hard=RESOURCE=AMOUNT,...] [--scopes=SCOPE,...] [flags]",
  refusal: "failed to create quota: ",
  about: "Bounds what a namespace may hold in all.",
  examples: "windlass create quota small --hard=pods=10,cpu=2",
  flags: [
    { name: "hard", type: "string", about: "the bounds, such as cpu=1,memory=1Gi,pods=2" },
    { name: "scopes", type: "string", about: "which objects count: scopes, separated by commas" },
  ],
  generate({ name, flags }) {
    const hard = Object.fromEntries(words(flags.string("hard")).map(bound));
    const scopes = words(flags.string("scopes"));
    return {
      metadata: { name },
      spec: { ...(Object.keys(hard).length > 0 && { hard }), ...(scopes.length > 0 && { scopes }) },
      status: {},
    };
  },
};

const words = (text: string): string[] => (text === "" ? [] : text.split(","));

function bound(text: string): [string, string] {
  const [resource = "", amount = "", ...more] = text.split("=");
  if (!text.includes("=") || more.length > 0) throw new CommandError(`Invalid argument syntax ${text}, expected <resource>=<value>`);
  if (!isQuantity(amount))
    throw new CommandError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  return [resource, canonicalQuantity(amount)];
}
