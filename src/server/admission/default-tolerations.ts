/** Pods stay on a node that is not ready or not reachable for five minutes, unless they say otherwise (KUB-78). */
import type { Pod, Toleration } from "../../api/types.ts";
import { type AdmissionRule, isResource } from "./admission.ts";

const tolerationSeconds = 300;
const keys = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

export const defaultTolerations: AdmissionRule = {
  name: "DefaultTolerationSeconds",
  concerns: (kind, operation, subresource) => operation === "CREATE" && subresource === "" && isResource(kind, "", "pods"),
  mutate({ object }) {
    const { spec } = object as unknown as Pod;
    if (!spec) return;
    for (const key of keys) {
      if (spec.tolerations?.some((toleration) => tolerates(toleration, key))) continue;
      spec.tolerations = [...(spec.tolerations ?? []), { key, operator: "Exists", effect: "NoExecute", tolerationSeconds }];
    }
  },
};

const tolerates = ({ key, effect }: Toleration, wanted: string): boolean => (!key || key === wanted) && (!effect || effect === "NoExecute");
