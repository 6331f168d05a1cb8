/** The roles and bindings that every cluster has, as data, and their creation when they are missing. */
import { isAlreadyExists, isNotFound } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import { ClusterRole } from "../../api/kinds/cluster-role/index.ts";
import { ClusterRoleBinding } from "../../api/kinds/cluster-role-binding/index.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { PolicyRule, Subject } from "../../api/types.ts";
import type { Api, RequestContext } from "../api.ts";
import { mastersGroup } from "./rbac-view.ts";

const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];
const readWrite = [...write, ...read];
const rule = (verbs: readonly string[], group: string, resources: readonly string[], names?: readonly string[]): PolicyRule => ({
  verbs: [...verbs],
  apiGroups: [group],
  resources: [...resources],
  ...(names && { resourceNames: [...names] }),
});
const paths = (...nonResourceURLs: string[]): PolicyRule => ({ verbs: ["get"], nonResourceURLs });

const coreWorkloads = [
  "configmaps",
  "endpoints",
  "persistentvolumeclaims",
  "replicationcontrollers",
  "replicationcontrollers/scale",
  "serviceaccounts",
  "services",
  "services/proxy",
];
const appsWorkloads = [
  "daemonsets",
  "deployments",
  "deployments/rollback",
  "deployments/scale",
  "replicasets",
  "replicasets/scale",
  "statefulsets",
  "statefulsets/scale",
];
const status = (resources: readonly string[]): string[] => resources.map((resource) => `${resource}/status`);

const toView: PolicyRule[] = [
  rule(read, "", [
    "configmaps",
    "endpoints",
    "persistentvolumeclaims",
    "persistentvolumeclaims/status",
    "pods",
    "replicationcontrollers",
    "replicationcontrollers/scale",
    "serviceaccounts",
    "services",
    "services/status",
  ]),
  rule(read, "", [
    "bindings",
    "events",
    "limitranges",
    "namespaces",
    "namespaces/status",
    "pods/log",
    "pods/status",
    "replicationcontrollers/status",
    "resourcequotas",
    "resourcequotas/status",
  ]),
  rule(read, "discovery.k8s.io", ["endpointslices"]),
  rule(read, "apps", [
    "controllerrevisions",
    ...appsWorkloads.filter((name) => !name.endsWith("/rollback")),
    ...status(["daemonsets", "deployments", "replicasets", "statefulsets"]),
  ]),
  rule(read, "autoscaling", ["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
  rule(read, "batch", ["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
  rule(read, "policy", ["poddisruptionbudgets", "poddisruptionbudgets/status"]),
  rule(read, "networking.k8s.io", ["ingresses", "ingresses/status", "networkpolicies"]),
  rule(read, "events.k8s.io", ["events"]),
];

const toEdit: PolicyRule[] = [
  rule(read, "", ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"]),
  rule(["impersonate"], "", ["serviceaccounts"]),
  rule(write, "", ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"]),
  rule(["create"], "", ["pods/eviction"]),
  rule(write, "", [...coreWorkloads, "events", "secrets"]),
  rule(["create"], "", ["serviceaccounts/token"]),
  rule(write, "apps", appsWorkloads),
  rule(write, "autoscaling", ["horizontalpodautoscalers"]),
  rule(write, "batch", ["cronjobs", "jobs"]),
  rule(write, "policy", ["poddisruptionbudgets"]),
  rule(write, "networking.k8s.io", ["ingresses", "networkpolicies"]),
  rule(readWrite, "coordination.k8s.io", ["leases"]),
];

const toAdmin: PolicyRule[] = [
  rule(["create"], "authorization.k8s.io", ["localsubjectaccessreviews"]),
  rule(readWrite, "rbac.authorization.k8s.io", ["rolebindings", "roles"]),
];

const recordEvents: PolicyRule[] = [
  rule(["create", "patch", "update"], "", ["events"]),
  rule(["create", "patch", "update"], "events.k8s.io", ["events"]),
];

interface RoleSpec {
  readonly rules?: PolicyRule[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Aggregates the roles that carry these labels. */
  readonly aggregates?: readonly string[];
}

const aggregateTo = (role: string): string => `rbac.authorization.k8s.io/aggregate-to-${role}`;

const roles: Readonly<Record<string, RoleSpec>> = {
  "cluster-admin": {
    rules: [
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
      { verbs: ["*"], nonResourceURLs: ["*"] },
    ],
  },
  // What each aggregates is in it from the start: the roles below are made in the same moment.
  admin: { aggregates: ["admin"], rules: [...toEdit, ...toView, ...toAdmin] },
  edit: { aggregates: ["edit"], rules: [...toEdit, ...toView], labels: { [aggregateTo("admin")]: "true" } },
  view: { aggregates: ["view"], rules: toView, labels: { [aggregateTo("edit")]: "true" } },
  "system:aggregate-to-admin": { rules: toAdmin, labels: { [aggregateTo("admin")]: "true" } },
  "system:aggregate-to-edit": { rules: toEdit, labels: { [aggregateTo("edit")]: "true" } },
  "system:aggregate-to-view": { rules: toView, labels: { [aggregateTo("view")]: "true" } },
  "system:basic-user": {
    rules: [
      rule(["create"], "authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
      rule(["create"], "authentication.k8s.io", ["selfsubjectreviews"]),
    ],
  },
  "system:discovery": {
    rules: [
      paths("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"),
    ],
  },
  "system:public-info-viewer": { rules: [paths("/healthz", "/livez", "/readyz", "/version", "/version/")] },
  "system:monitoring": {
    rules: [paths("/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*")],
  },
  "system:service-account-issuer-discovery": {
    rules: [paths("/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/")],
  },
  "system:auth-delegator": {
    rules: [
      rule(["create"], "authentication.k8s.io", ["tokenreviews"]),
      rule(["create"], "authorization.k8s.io", ["subjectaccessreviews"]),
    ],
  },
  "system:node": {
    rules: [
      rule(["create"], "authentication.k8s.io", ["tokenreviews"]),
      rule(["create"], "authorization.k8s.io", ["localsubjectaccessreviews", "subjectaccessreviews"]),
      rule(read, "", ["services", "configmaps", "secrets", "persistentvolumeclaims", "persistentvolumes", "endpoints"]),
      rule(["create", ...read], "", ["nodes"]),
      rule(["patch", "update"], "", ["nodes", "nodes/status"]),
      rule(read, "", ["pods"]),
      rule(["create", "delete"], "", ["pods"]),
      rule(["patch", "update"], "", ["pods/status"]),
      rule(["create"], "", ["pods/eviction", "serviceaccounts/token"]),
      ...recordEvents,
      rule(["create", "delete", "get", "patch", "update"], "coordination.k8s.io", ["leases"]),
      rule(read, "node.k8s.io", ["runtimeclasses"]),
      rule(["create", "delete", "get", "patch", "update"], "storage.k8s.io", ["csinodes"]),
    ],
  },
  "system:node-proxier": {
    rules: [
      rule(["list", "watch"], "", ["services", "endpoints"]),
      rule(read, "", ["nodes"]),
      rule(["list", "watch"], "discovery.k8s.io", ["endpointslices"]),
      ...recordEvents,
    ],
  },
  "system:kube-dns": { rules: [rule(["list", "watch"], "", ["endpoints", "services"])] },
  "system:kube-scheduler": {
    rules: [
      ...recordEvents,
      rule(["create"], "coordination.k8s.io", ["leases"]),
      rule(["get", "list", "patch", "update", "watch"], "coordination.k8s.io", ["leases"]),
      rule(read, "", ["namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "replicationcontrollers", "services"]),
      rule(["delete", ...read], "", ["pods"]),
      rule(["create"], "", ["bindings", "pods/binding"]),
      rule(["patch", "update"], "", ["pods/status"]),
      rule(read, "apps", ["replicasets", "statefulsets"]),
      rule(read, "policy", ["poddisruptionbudgets"]),
      rule(read, "storage.k8s.io", ["csinodes", "csidrivers", "storageclasses"]),
    ],
  },
  "system:kube-controller-manager": {
    rules: [
      ...recordEvents,
      rule(["create", "get", "list", "patch", "update", "watch"], "coordination.k8s.io", ["leases"]),
      rule(["create", "get"], "", ["secrets", "serviceaccounts"]),
      rule(["delete"], "", ["secrets"]),
      rule(["get"], "", ["configmaps", "namespaces"]),
      rule(["update"], "", ["secrets", "serviceaccounts"]),
      rule(["create"], "authentication.k8s.io", ["tokenreviews"]),
      rule(["create"], "authorization.k8s.io", ["subjectaccessreviews"]),
      rule(["list", "watch"], "*", ["*"]),
      rule(["create"], "", ["serviceaccounts/token"]),
    ],
  },
  "system:persistent-volume-provisioner": {
    rules: [
      rule(["create", "delete", ...read], "", ["persistentvolumes"]),
      rule([...read, "update"], "", ["persistentvolumeclaims"]),
      rule(read, "storage.k8s.io", ["storageclasses"]),
      rule(["watch"], "", ["events"]),
      ...recordEvents,
    ],
  },
};

const group = (name: string): Subject => ({ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name });
const user = (name: string): Subject => ({ kind: "User", apiGroup: "rbac.authorization.k8s.io", name });

/** Role to subjects; the binding has the role's name. */
const bindings: Readonly<Record<string, readonly Subject[]>> = {
  "cluster-admin": [group(mastersGroup)],
  "system:basic-user": [group("system:authenticated")],
  "system:discovery": [group("system:authenticated")],
  "system:public-info-viewer": [group("system:authenticated"), group("system:unauthenticated")],
  "system:monitoring": [group("system:monitoring")],
  "system:service-account-issuer-discovery": [group("system:serviceaccounts")],
  "system:node": [],
  "system:node-proxier": [user("system:kube-proxy")],
  "system:kube-dns": [{ kind: "ServiceAccount", name: "kube-dns", namespace: "kube-system" }],
  "system:kube-scheduler": [user("system:kube-scheduler")],
  "system:kube-controller-manager": [user("system:kube-controller-manager")],
};

const context: RequestContext = { user: { name: "system:apiserver", groups: [mastersGroup] }, fieldManager: "kube-apiserver" };

const metadataOf = (name: string, labels?: Readonly<Record<string, string>>) => ({
  name,
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
});

/** Creates the roles and bindings that are missing. What is there stays as it is: somebody may have changed it on purpose. */
export async function bootstrapPolicy(api: Api): Promise<void> {
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const ensure = async (kind: KindDefinition<any>, object: AnyObject): Promise<void> => {
    const key = { name: object.metadata.name as string };
    try {
      await api.get(kind as KindDefinition, key);
      return;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    await api.create(kind as KindDefinition, undefined, object, context).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  };
  const made: Array<Promise<void>> = [];
  for (const [name, { rules, labels, aggregates }] of Object.entries(roles)) {
    const clusterRoleSelectors = aggregates?.map((to) => ({ matchLabels: { [aggregateTo(to)]: "true" } }));
    made.push(
      ensure(ClusterRole, {
        apiVersion,
        kind: "ClusterRole",
        metadata: metadataOf(name, labels),
        ...(clusterRoleSelectors && { aggregationRule: { clusterRoleSelectors } }),
        rules: structuredClone(rules ?? []),
      }),
    );
  }
  for (const [name, subjects] of Object.entries(bindings)) {
    made.push(
      ensure(ClusterRoleBinding, {
        apiVersion,
        kind: "ClusterRoleBinding",
        metadata: metadataOf(name),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        ...(subjects.length > 0 && { subjects: structuredClone(subjects) }),
      }),
    );
  }
  await Promise.all(made);
}
