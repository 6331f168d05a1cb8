/** What the types of the field tables are called in OpenAPI documents. */

const prefixes: Readonly<Record<string, string>> = {
  "meta.v1": "io.k8s.apimachinery.pkg.apis.meta.v1",
  "apiextensions.v1": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
  "apiregistration.v1": "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1",
  version: "io.k8s.apimachinery.pkg.version",
};

/** `apps.v1.Deployment` is `io.k8s.api.apps.v1.Deployment`. */
export function definitionName(typeName: string): string {
  const dot = typeName.lastIndexOf(".");
  const group = typeName.slice(0, dot);
  return `${prefixes[group] ?? `io.k8s.api.${group}`}${typeName.slice(dot)}`;
}

/** Scalars that are definitions of their own. */
export const scalarDefinitions = {
  time: "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
  microtime: "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
  quantity: "io.k8s.apimachinery.pkg.api.resource.Quantity",
  intorstring: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
  any: "io.k8s.apimachinery.pkg.runtime.RawExtension",
} as const;
