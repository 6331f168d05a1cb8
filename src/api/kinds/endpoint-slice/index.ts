/** The kind EndpointSlice of discovery.k8s.io/v1. */
import type { EndpointSlice as EndpointSliceObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** EndpointSlice (discovery.k8s.io/v1). */
export const EndpointSlice = defineKind<EndpointSliceObject>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
  schema: "discovery.v1.EndpointSlice",
});
