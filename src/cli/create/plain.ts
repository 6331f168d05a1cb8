/** `create namespace` and `create serviceaccount`: objects that are little more than their name. */
import type { Generator } from "./generator.ts";

export const namespace: Generator = {
  kind: { group: "", version: "v1", kind: "Namespace", plural: "namespaces", scope: "Cluster" },
  usage: "NAME [flags]",
  about: "Makes a namespace.",
  refusal: "",
  flags: [],
  generate: ({ name }) => ({ metadata: { name }, spec: {}, status: {} }),
};

export const serviceAccount: Generator = {
  kind: { group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", scope: "Namespaced" },
  usage: "NAME [flags]",
  about: "Makes a ServiceAccount.",
  flags: [],
  generate: ({ name }) => ({ metadata: { name } }),
};
