/** Explanations as text for people: the sentence, what shows it, the way out. */
import type { WorkloadSnapshot } from "../workload.ts";
import type { Certainty, Explanation } from "./explanation.ts";
import { type Verdict, verdictOf } from "./explain.ts";

const glyphs: Readonly<Record<Certainty, string>> = { certain: "✗", likely: "!", waiting: "…" };
const noteGlyph = "·";

/** One line about the whole: `Deployment web in shop, revision 2: 2 of 5 updated, 3 of 5 available. Cannot succeed as it is.` */
export function headline(
  snapshot: WorkloadSnapshot,
  explanations: readonly Explanation[],
  { withNamespace = false }: { readonly withNamespace?: boolean } = {},
): string {
  const { counts, strategy, kind, key, target } = snapshot;
  const wanted = counts.desired - strategy.keptBack;
  const revision = target ? `, revision ${target.number}` : "";
  const numbers = `${counts.updated} of ${wanted} updated, ${counts.available} of ${counts.desired} available`;
  const place = withNamespace && key.namespace !== undefined ? ` in ${key.namespace}` : "";
  return `${kind.title} ${key.name}${place}${revision}: ${numbers}. ${verdictWords[verdictOf(snapshot, explanations)]}`;
}

/** What each verdict is in words. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  complete: "Complete.",
  progressing: "Under way.",
  "waiting-for-somebody": "Waits for somebody.",
  "likely-failing": "Something is in its way.",
  failed: "Cannot succeed as it is.",
};

/** The explanations, one paragraph each; `brief` leaves out all but the sentence and the commands. */
export function explanationLines(explanations: readonly Explanation[], { brief = false }: { readonly brief?: boolean } = {}): string[] {
  const lines: string[] = [];
  for (const { certainty, isNote, sentence, pods, evidence, wayOut } of explanations) {
    lines.push(`${isNote ? noteGlyph : glyphs[certainty]} ${sentence}`);
    if (!brief) {
      if (pods.length > 1) lines.push(`    Pods: ${pods.slice(0, 8).join(", ")}${pods.length > 8 ? `, and ${pods.length - 8} more` : ""}`);
      for (const { at, text } of evidence) {
        const [first = "", ...rest] = text.split("\n");
        if (rest.length === 0) lines.push(`    ${at}: ${first}`);
        else lines.push(`    ${at}:`, ...[first, ...rest].map((line) => `      | ${line}`));
      }
    }
    for (const { about, command } of wayOut) lines.push(command === undefined ? `    → ${about}` : `    → ${about}: ${command}`);
  }
  return lines;
}

/** For `-o json` and `-o yaml`: the same in fields. */
export const explanationDocument = (snapshot: WorkloadSnapshot, explanations: readonly Explanation[]) => ({
  kind: snapshot.kind.title,
  name: snapshot.key.name,
  ...(snapshot.key.namespace !== undefined && { namespace: snapshot.key.namespace }),
  ...(snapshot.target && { revision: snapshot.target.number }),
  verdict: verdictOf(snapshot, explanations),
  counts: snapshot.counts,
  explanations,
});
