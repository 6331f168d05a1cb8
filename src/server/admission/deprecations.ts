/** Tells writers of resources that Kubernetes is about to leave behind (SVC-12). */
import { type AdmissionRule, isResource } from "./admission.ts";

const endpointsText = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

export const deprecations: AdmissionRule = {
  name: "Deprecations",
  concerns: (kind, operation) => operation !== "DELETE" && isResource(kind, "", "endpoints"),
  mutate({ context }) {
    context.warn?.(endpointsText);
  },
};
