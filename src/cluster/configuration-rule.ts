/** Configuration revisions on the embedded engine: what the webhook does elsewhere is here a rule of admission. */
import type { Client } from "../client/client.ts";
import { admitConfiguration, withPins } from "../release/configuration/admit.ts";
import { workloadKindOf } from "../release/workload-kinds.ts";
import type { WorkloadObject } from "../release/workload.ts";
import type { AdmissionRule } from "../server/admission/admission.ts";

/** A rule that reads and writes ConfigMaps and Secrets through what `client` gives. */
export const configurationRule = (client: () => Client): AdmissionRule => ({
  name: "ConfigurationRevisions",
  concerns: (kind, operation, subresource) => operation !== "DELETE" && subresource === "" && workloadKindOf(kind) !== undefined,
  async rewrite({ object, old, context }) {
    const workload = object as WorkloadObject;
    const pins = await admitConfiguration({ client: client(), object: workload, old, dryRun: context.dryRun === true });
    if (!pins) return false;
    for (const warning of pins.warnings) context.warn?.(warning);
    const pinned = withPins(workload, pins);
    if (pinned === workload) return false;
    // `old` and the owners noted in the metadata stay as they are.
    if (pinned.metadata.labels) object.metadata.labels = pinned.metadata.labels;
    else delete object.metadata.labels;
    object.spec = pinned.spec;
    return true;
  },
});
