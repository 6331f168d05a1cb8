/**
 * What the history of a workload promises (docs/reference/history.md): it tells which templates there were, in their order; the
 * newest is the present one, with how it ended; and what was given up says so, and what for.
 */
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { markOf } from "./pod-states.ts";
import type { Checker, Scene } from "./checker.ts";
import { liveWorkloads, recordOf, recordsOf, tenuresOf, templateMark } from "./workloads.ts";

interface Told {
  readonly mark: string;
  readonly outcome: string;
  readonly isProven: boolean;
  readonly isGivenUp: boolean;
  readonly reason: string;
}

export function releaseHistory({ history, nowMs, lagMs }: Scene): Checker {
  function toldOf({ metadata }: AnyObject): Told[] | undefined {
    const found = history
      .list(ConfigMap)
      .filter((each) => each.metadata.labels?.["windlass.dev/history-of"] !== undefined)
      .find((each) => each.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
    if (!found) return undefined;
    return JSON.parse(found.data?.releases ?? "[]").map((entry: any) => ({
      mark: markOf(JSON.parse(found.data?.[entry.template] ?? "{}")),
      outcome: entry.outcome,
      isProven: entry.proven !== undefined,
      isGivenUp: entry.rollback !== undefined,
      reason: entry.reason ?? "",
    }));
  }

  function unsettled(object: AnyObject): string | undefined {
    const record = recordOf(history, object.metadata.uid);
    const told = toldOf(object);
    const last = told?.at(-1);
    if (!record || !told || !last) return "nothing is told of it";
    const isUpdated = (object.spec.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate";
    if (last.mark !== templateMark(object))
      return `the last that is told of is ${last.mark}, and the present template is ${templateMark(object)}`;
    const isAnything = object.kind === "DaemonSet" ? object.status?.desiredNumberScheduled > 0 : object.spec.replicas !== 0;
    if (isUpdated && isAnything && (last.outcome !== "completed" || !last.isProven))
      return `${last.mark} works, and is told of as ${last.outcome}${last.isProven ? "" : ", not proven"}`;
    const tenures = tenuresOf(record);
    // What was made again under its name takes over the revisions of the one before.
    const everything = recordsOf(history, object).flatMap(tenuresOf);
    let next = 0;
    for (const { mark } of told) {
      const found = everything.findIndex((tenure, index) => index >= next && tenure.mark === mark);
      if (found < 0) return `${mark} is told of at a place where it never was`;
      next = found + 1;
    }
    for (const [index, { actor, fromMs, toMs = nowMs() }] of tenures.entries()) {
      // What was brought back for a moment only may have been seen by nobody.
      if (actor !== "rollback" || toMs - fromMs < lagMs) continue;
      const [from, to] = [tenures[index - 1]?.mark, tenures[index]?.mark];
      const entry = told.findIndex(
        (each, at) => each.mark === from && each.isGivenUp && told.slice(at + 1).some(({ mark }) => mark === to),
      );
      if (entry < 0) return `it went from ${from} to ${to}, and nothing tells of that`;
      const { outcome, reason } = told[entry] as Told;
      if (outcome !== "rolled back" && outcome !== "failed") return `${from} was given up, and is told of as ${outcome}`;
      if (reason === "") return `${from} was given up, and nothing tells why`;
    }
    return undefined;
  }

  return {
    name: "the history tells what was",
    unsettled() {
      for (const object of liveWorkloads(history)) {
        const why = unsettled(object);
        if (why !== undefined) return `${object.kind} ${object.metadata.name}: ${why}`;
      }
      return undefined;
    },
  };
}
