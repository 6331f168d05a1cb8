/** The kind ServiceAccount: who a Pod is to the API. */
import { defineKind } from "../../kind.ts";
import type { ServiceAccount as ServiceAccountObject } from "../../types.ts";
import { ageColumn, nameColumn } from "../columns.ts";

/** ServiceAccount (v1). */
export const ServiceAccount = defineKind<ServiceAccountObject>({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  scope: "Namespaced",
  schema: "core.v1.ServiceAccount",
  shortNames: ["sa"],
  returnsDeletedObject: true,
  subresources: [{ name: "token", kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" }, verbs: ["create"] }],
  columns: [nameColumn, ageColumn],
});
