/** `drain`: keeps new Pods away from nodes and has those that run evicted, as their budgets allow (KR-44). */
import { ApiError, isNotFound, isTooManyRequests } from "../../api/errors.ts";
import type { Node, Pod } from "../../api/types.ts";
import { sleep } from "../../base/clock.ts";
import { parseLabelSelector } from "../../machinery/selectors.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { FollowTimeout, followObject } from "../objects/follow-object.ts";
import { podRef } from "../objects/pods-of.ts";
import { selectorFlag } from "../objects/selection.ts";
import type { Found } from "../objects/selection.ts";
import { timeoutOf } from "../timeout.ts";
import { setSchedulable } from "./cordon.ts";
import { findNodes } from "./find-nodes.ts";
import { type DrainRules, podsToGo } from "./pods-to-go.ts";

const flags: readonly Flag[] = [
  selectorFlag,
  dryRunFlag,
  { name: "force", about: "also Pods that nobody makes anew" },
  { name: "ignore-daemonsets", about: "leave the Pods of DaemonSets where they are, instead of refusing" },
  { name: "delete-emptydir-data", about: "also Pods whose emptyDir volumes are lost with them" },
  { name: "pod-selector", type: "string", about: "only Pods whose labels match" },
  { name: "disable-eviction", about: "delete Pods instead of evicting them: no budget is heeded" },
  { name: "grace-period", type: "int", default: "-1", about: "seconds that each Pod has to end; -1: its own" },
  { name: "timeout", type: "string", default: "0s", about: "how long to wait for the Pods of a node; 0: as long as it takes" },
  {
    name: "skip-wait-for-delete-timeout",
    type: "int",
    default: "0",
    about: "do not wait for Pods that are ending for longer than so many seconds",
  },
  { name: "chunk-size", type: "int", default: "500", about: "accepted", hidden: true },
];

/** Between two tries to evict a Pod whose budget has nothing left. */
const againMs = 5000;
const weekMs = 7 * 24 * 3_600_000;

export const drain: Command = {
  usage: "(NODE ... | -l LABELS) [flags]",
  about: "Keeps new Pods away from nodes, evicts those that run, and waits until they are gone. PodDisruptionBudgets are heeded.",
  examples: `windlass drain windlass-2 --ignore-daemonsets
windlass drain windlass-2 --ignore-daemonsets --delete-emptydir-data --timeout=5m`,
  flags,
  async run(invocation, environment) {
    const { flags: given } = invocation;
    const { stdout, stderr } = environment;
    const dryRun = dryRunOf(given, environment);
    const plan = planOf(given, dryRun);
    const connection = await environment.connect(given);
    try {
      const nodes = await findNodes(invocation, environment, connection);
      for (const node of nodes) stdout.write(await setSchedulable(node, true, dryRun, connection));
      const pending: { readonly name: string; readonly problems: readonly string[] }[] = [];
      for (const node of nodes) {
        const { name = "" } = node.metadata;
        const problems = await drainNode(node, plan, connection, environment);
        if (problems.length === 0) stdout.write(`node/${name} drained${dryRunSuffix(dryRun)}\n`);
        else {
          const all = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
          stderr.write(`error: unable to drain node ${JSON.stringify(name)} due to error: ${all}, continuing command...\n`);
          pending.push({ name, problems });
        }
      }
      if (pending.length === 0) return 0;
      stderr.write(`There are pending nodes to be drained:\n${pending.map(({ name }) => ` ${name}\n`).join("")}`);
      stderr.write(pending.flatMap(({ problems }) => problems.map((problem) => `${problem}\n`)).join(""));
      return 1;
    } finally {
      connection.close();
    }
  },
};

interface Plan {
  readonly dryRun: DryRun;
  readonly rules: DrainRules;
  readonly evicts: boolean;
  readonly grace: { readonly gracePeriodSeconds?: number };
  readonly waitMs: number;
}

function planOf(given: Flags, dryRun: DryRun): Plan {
  const graceSeconds = given.int("grace-period");
  return {
    dryRun,
    rules: {
      force: given.bool("force"),
      ignoresDaemonSets: given.bool("ignore-daemonsets"),
      deletesEmptyDir: given.bool("delete-emptydir-data"),
      selector: selectorOf(given.string("pod-selector")),
      skipsEndingSeconds: given.int("skip-wait-for-delete-timeout"),
    },
    evicts: !given.bool("disable-eviction"),
    grace: graceSeconds >= 0 ? { gracePeriodSeconds: graceSeconds } : {},
    waitMs: timeoutOf(given, "timeout") || weekMs,
  };
}

function selectorOf(text: string): DrainRules["selector"] {
  if (text === "") return undefined;
  try {
    return parseLabelSelector(text);
  } catch (error) {
    throw new CommandError("--pod-selector=<pod_selector> must be a valid label selector", { cause: error });
  }
}

/** What stands in the way; nothing where the node is drained. */
async function drainNode(node: Node, plan: Plan, connection: Connection, environment: Environment): Promise<readonly string[]> {
  const { items } = await connection.client.list(podRef, { fieldSelector: `spec.nodeName=${node.metadata.name}` });
  const isThere = async (pod: Pod): Promise<boolean> => {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
    const ref = { group: "apps", version: "v1", kind: "DaemonSet", plural: "daemonsets", scope: "Namespaced" } as const;
    const key = { namespace: pod.metadata.namespace ?? "", name: owner?.name ?? "" };
    return connection.client.get(ref, key).then(
      () => true,
      (error: unknown) => {
        if (isNotFound(error)) return false;
        throw error;
      },
    );
  };
  const { go, warnings, problems } = await podsToGo(items, plan.rules, environment.world.clock.now(), isThere);
  if (problems.length > 0) return problems;
  if (warnings.length > 0) environment.stderr.write(`Warning: ${warnings.join("; ")}\n`);
  const deadline = environment.world.clock.monotonic() + plan.waitMs;
  const outcomes = await Promise.all(go.map((pod) => removePod(pod, plan, deadline, connection, environment)));
  return outcomes.filter((problem) => problem !== undefined);
}

/** Evicts or deletes one Pod and waits until it is gone; resolves with what went wrong. */
async function removePod(
  pod: Pod,
  { dryRun, evicts, grace }: Plan,
  deadline: number,
  connection: Connection,
  environment: Environment,
): Promise<string | undefined> {
  const { stdout, stderr, world } = environment;
  const { name = "", namespace = "" } = pod.metadata;
  const which = `${namespace}/${name}`;
  const suffix = dryRunSuffix(dryRun);
  if (evicts) stdout.write(`evicting pod ${which}${suffix}\n`);
  else if (dryRun !== "none") stdout.write(`deleting pod ${which}${suffix}\n`);
  if (dryRun === "client") return undefined;
  const options = { ...grace, ...(dryRun === "server" && { dryRun: ["All"] }) };
  for (;;) {
    try {
      if (evicts) {
        const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace }, deleteOptions: options };
        await connection.client.createSubresource(podRef, { namespace, name }, "eviction", body);
      } else await connection.client.delete(podRef, { namespace, name }, options);
      break;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!evicts || !isTooManyRequests(error)) {
        if (!(error instanceof ApiError)) throw error;
        return `error when ${evicts ? "evicting" : "deleting"} pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)}: ${error.message}`;
      }
      if (world.clock.monotonic() + againMs >= deadline)
        return `error when evicting pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)}: global timeout reached`;
      const { message } = error as Error;
      stderr.write(`error when evicting pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)} (will retry after 5s): ${message}\n`);
      await sleep(world.clock, againMs, environment.interrupted);
    }
  }
  if (dryRun === "server") return undefined;
  try {
    const withinMs = Math.max(0, deadline - world.clock.monotonic());
    const found = { resource: podRef as Found["resource"], namespace, name };
    const isGone = (now: { metadata: { uid?: string } } | undefined): boolean => now?.metadata.uid !== pod.metadata.uid;
    await followObject(connection, found, isGone, { clock: world.clock, withinMs, signal: environment.interrupted });
  } catch (error) {
    if (!(error instanceof FollowTimeout)) throw error;
    return `error when waiting for pod ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)} to terminate: global timeout reached`;
  }
  stdout.write(`pod/${name} ${evicts ? "evicted" : "deleted"}\n`);
  return undefined;
}
