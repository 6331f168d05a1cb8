/** Pods that cannot even be made: quota, limits, policy, a webhook, a missing service account (RS-7, RS-8, DEP-100, STS-15). */
import { parseTime } from "../../base/time.ts";
import { type Cause, clause, type Inquiry, oneLine, templateWayOut } from "./cause.ts";
import type { CauseCode, Certainty, Evidence, WayOut } from "./explanation.ts";

/** An event as old as this speaks of a refusal that may be over. */
const recentMs = 120_000;

interface Refusal {
  readonly pattern: RegExp;
  readonly code: CauseCode;
  readonly certainty: Certainty;
  words(match: RegExpExecArray): string;
  wayOut?(inquiry: Inquiry, match: RegExpExecArray): WayOut;
}

const refusals: readonly Refusal[] = [
  {
    pattern: /exceeded quota: ([^,\s]+)(?:, (requested: .*))?/,
    code: "QuotaExceeded",
    certainty: "likely",
    words: ([, quota, rest]) => `it would exceed quota "${quota}"${rest ? ` (${clause(rest)})` : ""}`,
    wayOut: ({ commands }, [, quota]) => commands.kubectl("see what the quota holds", `describe resourcequota ${quota}`),
  },
  {
    pattern: /failed quota: ([^:\s]+): must specify (.*)/,
    code: "QuotaExceeded",
    certainty: "certain",
    words: ([, quota, what]) => `quota "${quota}" asks every Pod to say its ${clause(what ?? "")}`,
    wayOut: ({ snapshot, commands }) =>
      commands.kubectl(
        "say it in the template",
        `set resources ${snapshot.kind.shortName}/${snapshot.key.name} --requests=cpu=CPU,memory=SIZE`,
      ),
  },
  {
    pattern: /serviceaccount "([^"]+)" not found|service account \S*?\/?([^\s/]+) was not found/i,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([, one, other]) => `service account "${one ?? other}" does not exist`,
    wayOut: ({ commands }, [, one, other]) => commands.kubectl("make the service account", `create serviceaccount ${one ?? other}`),
  },
  {
    pattern: /violates PodSecurity "([^"]+)": (.*)/s,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([, level, why]) => `the namespace's Pod security level "${level}" forbids it: ${clause(why ?? "")}`,
  },
  {
    pattern: /no PriorityClass with name (\S+) was found/,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([, name]) => `there is no PriorityClass "${name}"`,
    wayOut: ({ commands }) => commands.clusterKubectl("see which there are", "get priorityclass"),
  },
  {
    pattern: /RuntimeClass "([^"]+)" not found/i,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([, name]) => `there is no RuntimeClass "${name}"`,
    wayOut: ({ commands }) => commands.clusterKubectl("see which there are", "get runtimeclass"),
  },
  {
    pattern: /ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied request: (.*)/s,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([, policy, , why]) => `ValidatingAdmissionPolicy "${policy}" denies it: ${clause(why ?? "")}`,
    wayOut: ({ commands }, [, policy]) =>
      commands.clusterKubectl("see what it asks for", `get validatingadmissionpolicy ${policy} -o yaml`),
  },
  {
    pattern: /(?:(?:maximum|minimum) (?:cpu|memory|\S+) usage|\S+ max limit to request ratio) per (?:Container|Pod) is .*/s,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([all]) => `a LimitRange forbids it: ${clause(all)}`,
    wayOut: ({ commands }) => commands.kubectl("see the limits", "describe limitrange"),
  },
  {
    pattern: /admission webhook "([^"]+)" denied the request(?:: (.*))?/s,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([, webhook, why]) => `admission webhook "${webhook}" denies it${why ? `: ${clause(why)}` : ""}`,
  },
  {
    pattern: /failed calling webhook "([^"]+)":? ?(.*)/s,
    code: "AdmissionRefused",
    certainty: "likely",
    words: ([, webhook, why]) => `admission webhook "${webhook}" can't be asked${why ? `: ${clause(why)}` : ""}`,
    wayOut: ({ commands }) =>
      commands.clusterKubectl("see the webhooks", "get validatingwebhookconfigurations,mutatingwebhookconfigurations"),
  },
  {
    pattern: /is invalid: (.*)/s,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([, why]) => `the template makes an invalid Pod: ${clause(why ?? "")}`,
  },
  {
    pattern: /is forbidden: (.*)/s,
    code: "AdmissionRefused",
    certainty: "certain",
    words: ([, why]) => clause(why ?? ""),
  },
];

/** Why no more Pods are made; undefined where they are, or nothing says why not. */
export function admissionCause(inquiry: Inquiry): Cause | undefined {
  const said = refusalOf(inquiry);
  if (!said) return undefined;
  const { snapshot } = inquiry;
  const message = said.text;
  for (const { pattern, code, certainty, words, wayOut } of refusals) {
    const match = pattern.exec(message);
    if (!match) continue;
    const why = words(match);
    const fix = wayOut?.(inquiry, match) ?? { about: "correct the template" };
    return {
      code,
      certainty,
      same: why,
      sentence: () => `${snapshot.kind.title} ${snapshot.key.name} can't make its Pods: ${why}.`,
      evidence: [said],
      wayOut: [fix, ...templateWayOut(inquiry, fix).filter((way) => way !== fix)],
    };
  }
  return {
    code: "AdmissionRefused",
    certainty: "likely",
    same: message,
    sentence: () => `${snapshot.kind.title} ${snapshot.key.name} can't make its Pods: ${clause(message)}.`,
    evidence: [said],
    wayOut: templateWayOut(inquiry, { about: "correct the template" }),
  };
}

/** ReplicaFailure says it for as long as it holds; the other kinds say it in events only. */
function refusalOf({ snapshot, events, nowMs }: Inquiry): Evidence | undefined {
  const holder = [snapshot.object, ...(snapshot.target ? [snapshot.target.object] : [])] as readonly {
    readonly kind?: string;
    readonly metadata: { readonly name?: string; readonly uid?: string };
    readonly status?: { readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[] };
  }[];
  for (const { metadata, kind, status } of holder.toReversed()) {
    const condition = status?.conditions?.find((each) => each.type === "ReplicaFailure" && each.status === "True");
    if (condition?.message && condition.reason === "FailedCreate")
      return { at: `${kind ?? "ReplicaSet"} ${metadata.name}, condition ReplicaFailure`, text: oneLine(withoutFrame(condition.message)) };
  }
  const { counts } = snapshot;
  const living = snapshot.pods.filter((pod) => !pod.ended && !pod.terminating);
  if (living.length >= counts.desired && counts.desired > 0) return undefined;
  const newestPodMs = Math.max(0, ...living.map(({ createdMs }) => createdMs));
  for (const { metadata, kind } of holder.toReversed()) {
    const event = events.last(metadata.uid ?? "", ["FailedCreate"]);
    // A Pod that was made after it shows that it is over.
    if (event && nowMs - event.lastMs < recentMs && event.lastMs >= newestPodMs)
      return { at: `event FailedCreate of ${kind ?? snapshot.kind.title} ${metadata.name}`, text: oneLine(withoutFrame(event.message)) };
  }
  const condition = snapshot.conditions.find(({ type, reason }) => type === "Progressing" && reason === "ReplicaSetCreateError");
  if (condition?.message && parseTime(condition.lastUpdateTime) !== undefined)
    return { at: `${snapshot.kind.title} ${snapshot.key.name}, condition Progressing`, text: oneLine(condition.message) };
  return undefined;
}

const withoutFrame = (message: string): string =>
  message.replace(/^Error creating: /, "").replace(/^create (?:Pod|Claim) .*? in StatefulSet \S+ failed error: /, "");
