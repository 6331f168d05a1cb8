/** Whether a template can still run: what it needs against what there is. Pure; `gather.ts` finds out what there is. */
import type { Requirement, RequirementKind } from "./requirements.ts";

/** What is known of one thing that is needed. */
export type Presence =
  | { readonly state: "there" /** Entries of a ConfigMap or Secret. */; readonly keys?: ReadonlySet<string> }
  | { readonly state: "missing" }
  | { readonly state: "leaving" }
  /** Nobody could find out: `why` says what stood in the way. */
  | { readonly state: "unknown"; readonly why: string };

export interface Finding {
  /** `refuse`: containers would not start. `warn`: it may work or not. */
  readonly severity: "refuse" | "warn";
  /** One sentence that names what is wrong, without a full stop. */
  readonly text: string;
}

/** In a sentence: `the ConfigMap "settings"`. */
const titles: Readonly<Record<RequirementKind, string>> = {
  ConfigMap: "ConfigMap",
  Secret: "Secret",
  PersistentVolumeClaim: "PersistentVolumeClaim",
  ServiceAccount: "service account",
  PriorityClass: "priority class",
  RuntimeClass: "runtime class",
  Image: "image",
  ClaimTemplate: "volume",
};

/** What stands in the way, what refuses first. The same thing is said once. */
export function check(requirements: readonly Requirement[], presenceOf: (requirement: Requirement) => Presence): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const requirement of requirements) {
    for (const finding of findingsOf(requirement, presenceOf(requirement))) found.set(finding.text, finding);
  }
  return [...found.values()].sort((a, b) => Number(b.severity === "refuse") - Number(a.severity === "refuse"));
}

function findingsOf(requirement: Requirement, presence: Presence): Finding[] {
  const { kind, name, keys, optional } = requirement;
  const what = `${titles[kind]} ${JSON.stringify(name)}`;
  if (presence.state === "unknown") return [{ severity: "warn", text: `it is not known whether ${what} is there: ${presence.why}` }];
  if (presence.state === "there") {
    if (optional || !presence.keys) return [];
    return keys
      .filter((key) => presence.keys?.has(key) === false)
      .map((key) => ({ severity: "refuse", text: `${what} has no key ${JSON.stringify(key)}` }));
  }
  if (optional)
    return kind === "Secret" || kind === "ConfigMap"
      ? [{ severity: "warn", text: `${what} is not there any more; containers start without it` }]
      : [];
  if (presence.state === "leaving") return [{ severity: "refuse", text: `${what} is being deleted` }];
  if (kind === "Image") return [{ severity: "warn", text: `no node is known to have ${what}; it must be pulled` }];
  if (kind === "ClaimTemplate") return [{ severity: "refuse", text: `${what} is mounted, but no claim template has that name any more` }];
  return [{ severity: "refuse", text: `${what} is not there any more` }];
}
