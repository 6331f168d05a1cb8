/** Who else writes a workload, and what that means for an undo. */
import type { KubeObject } from "../../api/meta/object.ts";

interface Tool {
  /** Whether the object bears this tool's marks. */
  isBehind(object: KubeObject): boolean;
  /** What it will do, as a sentence without a full stop. */
  readonly warning: string;
}

const label = (object: KubeObject, key: string): string | undefined => object.metadata.labels?.[key];
const annotation = (object: KubeObject, key: string): string | undefined => object.metadata.annotations?.[key];
const isManagedBy = (object: KubeObject, ...managers: readonly string[]): boolean =>
  (object.metadata.managedFields ?? []).some(({ manager }) => manager !== undefined && managers.includes(manager));

/** In the order in which they are asked: Flux's Helm controller leaves Helm's own marks, too. */
const tools: readonly Tool[] = [
  {
    isBehind: (object) =>
      annotation(object, "argocd.argoproj.io/tracking-id") !== undefined ||
      label(object, "argocd.argoproj.io/instance") !== undefined ||
      isManagedBy(object, "argocd-controller", "argocd-application-controller"),
    warning:
      "Argo CD keeps this object as Git says: with automatic sync it will undo the undo; revert the commit, or turn automatic sync off first",
  },
  {
    isBehind: (object) =>
      label(object, "kustomize.toolkit.fluxcd.io/name") !== undefined ||
      label(object, "helm.toolkit.fluxcd.io/name") !== undefined ||
      isManagedBy(object, "kustomize-controller", "helm-controller"),
    warning:
      "Flux keeps this object as Git says and will undo the undo at its next reconciliation; revert the commit, or suspend it first (flux suspend)",
  },
  {
    isBehind: (object) =>
      label(object, "app.kubernetes.io/managed-by") === "Helm" || annotation(object, "meta.helm.sh/release-name") !== undefined,
    warning:
      "Helm installed this object and does not hear of the undo: the next helm upgrade starts from its own last release; helm rollback keeps both in step",
  },
];

/** What the tools that own the object will do about an undo; one sentence each, without a full stop. */
export const ownerWarnings = (object: KubeObject): readonly string[] => {
  const tool = tools.find(({ isBehind }) => isBehind(object));
  const applied = (object.metadata.managedFields ?? []).find(
    ({ operation, subresource, fieldsV1 }) =>
      operation === "Apply" && !subresource && (fieldsV1 as any)?.["f:spec"]?.["f:template"] !== undefined,
  );
  return [
    ...(tool ? [tool.warning] : []),
    ...(applied?.manager && !tool
      ? [
          `${applied.manager} applied this template on the server's side; its next apply meets a conflict over what the undo changes, and takes it over with --force-conflicts`,
        ]
      : []),
  ];
};
