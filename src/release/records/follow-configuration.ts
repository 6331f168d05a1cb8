/** Which content of its ConfigMaps and Secrets a release ran with. */
import type { PodTemplateSpec } from "../../api/types.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { type ConfigurationReference, configurationReferences } from "../configuration/references.ts";
import { withText } from "./history-object.ts";
import type { LiveConfiguration } from "./live-configuration.ts";
import type { ConfigurationUse, Release, ReleaseHistory } from "./release.ts";

/**
 * A content that changes under a release that is complete becomes that release's when it has lasted this long. People apply new
 * configuration first and the workload that is meant to use it next, so what comes shortly before a release is not the old one's.
 */
const configurationSettlesMs = 300_000;

/** What is in a ConfigMap or Secret now; undefined: it is not there, or not readable. */
export type Live = (reference: ConfigurationReference) => LiveConfiguration | undefined;

/** The configuration that the newest release runs with. */
export function followConfiguration(
  template: PodTemplateSpec,
  {
    history,
    release,
    live,
    nowMs,
  }: { readonly history: ReleaseHistory; readonly release: Release; readonly live: Live; readonly nowMs: number },
): { readonly history: ReleaseHistory; readonly release: Release; readonly lookAgainMs?: number } {
  let next = history;
  let lookAgainMs = Number.POSITIVE_INFINITY;
  const configuration = configurationReferences(template).map((reference): ConfigurationUse => {
    const known = release.configuration.find(({ kind, name }) => kind === reference.kind && name === reference.name);
    const now = live(reference);
    const settled = release.completedMs !== undefined && known?.digest !== undefined;
    if (!now) return settled ? known : { ...reference };
    const sinceMs = known?.next?.digest === now.digest ? known.next.sinceMs : nowMs;
    if (!settled || known.digest === now.digest || nowMs - sinceMs >= configurationSettlesMs) {
      if (now.text !== undefined) next = withText(next, now.digest, now.text);
      return { ...reference, digest: now.digest };
    }
    lookAgainMs = Math.min(lookAgainMs, Math.max(1, sinceMs + configurationSettlesMs - nowMs));
    return { ...known, next: { digest: now.digest, sinceMs } };
  });
  const configured = canonicalJson(configuration) === canonicalJson(release.configuration) ? release : { ...release, configuration };
  return { history: next, release: configured, ...(Number.isFinite(lookAgainMs) && { lookAgainMs }) };
}
