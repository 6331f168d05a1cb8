/** Everything that can be said about an undo before it is done: the difference that it makes, and what stands in its way. */
import { keyText } from "../../api/meta/object.ts";
import { disagreements } from "./version-labels.ts";
import { type Change, changesBetween, type ConfigurationState, type State } from "../history/changes.ts";
import type { ReleaseHistory } from "../records/release.ts";
import { lastProven } from "../records/release.ts";
import type { WorkloadSnapshot } from "../workload.ts";
import { check, type Finding, type Presence } from "./check.ts";
import type { Facts } from "./gather.ts";
import { ownerWarnings } from "./owners.ts";
import type { Restoration, UndoPlan } from "./plan.ts";
import type { Requirement } from "./requirements.ts";

export interface Preparation {
  readonly changes: readonly Change[];
  readonly restorations: readonly Restoration[];
  /** What refuses first. Sentences without a full stop. */
  readonly findings: readonly Finding[];
}

export interface PrepareOptions {
  /** Leave ConfigMaps as they are. */
  readonly keepsConfiguration: boolean;
  readonly toText: (value: unknown) => string;
}

/** Pure: from what was planned and what was found. */
export function prepareUndo(
  snapshot: WorkloadSnapshot,
  history: ReleaseHistory,
  { plan, facts }: { readonly plan: UndoPlan; readonly facts: Facts },
  { keepsConfiguration, toText }: PrepareOptions,
): Preparation {
  const recorded = new Map(plan.state.configuration.map((state) => [`${state.kind}/${state.name}`, state]));
  const differing = facts.configuration.flatMap((live) => {
    const then = recorded.get(`${live.kind}/${live.name}`);
    return then?.digest !== undefined && then.digest !== live.digest ? [{ live, then }] : [];
  });
  const restorations = keepsConfiguration
    ? []
    : differing.flatMap(({ then: { kind, name, text } }) => (kind === "ConfigMap" && text !== undefined ? [{ name, text }] : []));
  const restored = new Map(restorations.map((restoration) => [restoration.name, restoration]));
  const after: State = {
    template: plan.template,
    configuration: facts.configuration.map((live): ConfigurationState => {
      const then = recorded.get(`${live.kind}/${live.name}`);
      return live.kind === "ConfigMap" && restored.has(live.name) && then ? then : live;
    }),
  };
  const before: State = { template: snapshot.object.spec?.template ?? {}, configuration: facts.configuration };
  const presenceOf = (requirement: Requirement): Presence => {
    const restoration = requirement.kind === "ConfigMap" ? restored.get(requirement.name) : undefined;
    return restoration ? { state: "there", keys: keysIn(restoration.text) } : facts.presenceOf(requirement);
  };
  const findings: Finding[] = [...check(facts.requirements, presenceOf)];
  const warn = (text: string): void => void findings.push({ severity: "warn", text });
  for (const { name } of restorations) {
    if (facts.configMaps.get(name)?.immutable === true)
      findings.unshift({
        severity: "refuse",
        text: `ConfigMap ${JSON.stringify(name)} is immutable and holds something else than revision ${plan.number} ran with`,
      });
    const others = facts.sharedWith.get(name) ?? [];
    if (others.length > 0)
      warn(
        `ConfigMap ${JSON.stringify(name)} is also used by ${others.join(", ")}, which will see the restored content (--keep-configuration leaves it as it is)`,
      );
  }
  for (const { live, then } of differing) {
    if (restored.has(live.name) && live.kind === "ConfigMap") continue;
    const what = `${live.kind} ${JSON.stringify(live.name)}`;
    if (live.digest === undefined) continue;
    if (live.kind === "Secret") warn(`${what} has changed since revision ${plan.number} ran with it; undo never touches Secrets`);
    else if (keepsConfiguration) warn(`${what} stays as it is, although revision ${plan.number} ran with another content`);
    else if (then.text === undefined)
      warn(`${what} has changed since revision ${plan.number} ran with it, and its old content was too long to be kept`);
  }
  for (const text of disagreements(plan.template)) warn(text);
  for (const text of pastWarnings(plan, history)) warn(text);
  if (snapshot.strategy.type === "OnDelete") warn("its update strategy is OnDelete: Pods are replaced only when somebody deletes them");
  for (const text of ownerWarnings(snapshot.object)) warn(text);
  if (facts.autoscaler !== undefined)
    warn(
      `HorizontalPodAutoscaler ${JSON.stringify(facts.autoscaler)} goes on setting the replicas of ${keyText({ name: snapshot.key.name })}; undo leaves them as they are`,
    );
  return { changes: changesBetween(before, after, toText), restorations, findings };
}

/** What is remembered against going there. */
function pastWarnings({ release, number }: UndoPlan, history: ReleaseHistory): string[] {
  const last = release && history.releases.findLast(({ template }) => template === release.template);
  if (!last || !["failed", "rolled back", "aborted"].includes(last.outcome)) return [];
  const good = lastProven(history);
  const why = last.reason === undefined ? "" : ` (${last.reason})`;
  const how = { failed: "failed", "rolled back": "was rolled back", aborted: "was aborted before it was complete" }[
    last.outcome as "failed"
  ];
  const better = good && good.template !== last.template ? `; the last one that was proven good is ${good.number} (--to-last-good)` : "";
  return [`revision ${number} ${how}${why}${better}`];
}

function keysIn(text: string): ReadonlySet<string> {
  const { data = {}, binaryData = {} } = JSON.parse(text) as { data?: object; binaryData?: object };
  return new Set([...Object.keys(data), ...Object.keys(binaryData)]);
}
