/**
 * What `windlass controller` needs in a cluster: where it lives, what it may do, and the webhooks that call it: for configuration
 * revisions, and to note users. The rights are all that it uses; the test of `windlass controller` runs it with these and nothing else.
 */
import type { KubeObject } from "../../api/meta/object.ts";
import type { PolicyRule } from "../../api/types.ts";
import { changedByKey } from "../records/writer.ts";

/** The name of everything that belongs to it. */
export const controllerName = "windlass-controller";
/** Where it lives unless somebody says otherwise. */
export const controllerNamespace = "windlass-system";
/** The configuration of its webhook. */
export const webhookConfigurationName = "windlass-configuration";
/** The Secret that holds the webhook's certificate. */
export const certificateSecretName = "windlass-webhook";
/** Where the webhook is called. */
export const webhookPath = "/pin-configuration";
/** Where it is asked to note who changed a template. */
export const recordUserPath = "/record-user";
/** The Lease that candidates contend for. */
export const leaseName = controllerName;

const webhookPort = 9443;
const healthPort = 8080;

export interface ManifestOptions {
  /** Where the controller lives. */
  readonly namespace: string;
  readonly image: string;
  /** The one namespace that it looks after; absent: all. */
  readonly only?: string;
  /** With the webhook of configuration revisions. Webhooks bring a Service and the right to keep their certificate. */
  readonly webhook: boolean;
  /** With the webhook that puts each template down to the user of its request. */
  readonly recordUsers?: boolean;
  /** CEL conditions need Kubernetes 1.27 (by default 1.28); without them a webhook that is down is passed over. */
  readonly matchConditions: boolean;
}

const watches = ["list", "watch"];

/** On the objects that it looks after. What it watches it must list as well, where servers send no initial events. */
const workRules: readonly PolicyRule[] = [
  { apiGroups: ["apps"], resources: ["deployments", "statefulsets", "daemonsets"], verbs: [...watches, "patch", "update"] },
  { apiGroups: ["apps"], resources: ["replicasets", "controllerrevisions"], verbs: watches },
  { apiGroups: [""], resources: ["pods"], verbs: [...watches, "delete"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", ...watches, "create", "update", "patch", "delete"] },
  { apiGroups: [""], resources: ["secrets"], verbs: ["get", ...watches, "create", "patch", "delete"] },
  { apiGroups: [""], resources: ["events"], verbs: ["list", "create", "patch"] },
  { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: ["get"] },
];
/** Of the cluster: why a Pod can't run may be its node. */
const clusterRules: readonly PolicyRule[] = [{ apiGroups: [""], resources: ["nodes"], verbs: ["get", "list"] }];
/** In its own namespace. */
const leaseRules: readonly PolicyRule[] = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: [leaseName], verbs: ["get", "update"] },
];
const certificateRules: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["secrets"], resourceNames: [certificateSecretName], verbs: ["update"] },
];
/** Where it does not look after the Secrets of its own namespace anyway. */
const moreCertificateRules: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
  { apiGroups: [""], resources: ["secrets"], resourceNames: [certificateSecretName], verbs: ["get"] },
];
const webhookRules: readonly PolicyRule[] = [
  {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["mutatingwebhookconfigurations"],
    resourceNames: [webhookConfigurationName],
    verbs: ["get", "patch"],
  },
];

/** The objects, in the order in which they should be created. */
export function controllerManifest(options: ManifestOptions): KubeObject[] {
  const { namespace, only } = options;
  const webhook = servesWebhooks(options);
  const subject = { kind: "ServiceAccount", name: controllerName, namespace };
  const looksAfterItself = only === undefined || only === namespace;
  const ownRules = [...leaseRules, ...(webhook ? certificateRules : []), ...(webhook && !looksAfterItself ? moreCertificateRules : [])];
  const overAll = [...clusterRules, ...(webhook ? webhookRules : []), ...(only === undefined ? workRules : [])];
  return [
    // A namespace of somebody's own choice is there already, and must not go when this is deleted.
    ...(namespace === controllerNamespace ? [ownNamespace] : []),
    named("v1", "ServiceAccount", controllerName, namespace),
    ...roleAndBinding("ClusterRole", controllerName, undefined, overAll, subject),
    ...(only === undefined ? [] : roleAndBinding("Role", controllerName, only, workRules, subject)),
    ...roleAndBinding("Role", only === namespace ? `${controllerName}-own` : controllerName, namespace, ownRules, subject),
    deployment(options),
    ...(webhook && options.matchConditions ? [disruptionBudget(namespace)] : []),
    ...(webhook ? [service(namespace), webhookConfigurations(options)] : []),
  ];
}

const servesWebhooks = ({ webhook, recordUsers }: ManifestOptions): boolean => webhook || recordUsers === true;

const labels = { "app.kubernetes.io/name": controllerName };

const named = (apiVersion: string, kind: string, name: string, namespace?: string, rest: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace !== undefined && { namespace }), labels },
  ...rest,
});

/** The strictest of the Pod security standards holds in it. */
const ownNamespace: KubeObject = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: controllerNamespace, labels: { ...labels, "pod-security.kubernetes.io/enforce": "restricted" } },
};

const rbac = "rbac.authorization.k8s.io";

function roleAndBinding(
  kind: "Role" | "ClusterRole",
  name: string,
  namespace: string | undefined,
  rules: readonly PolicyRule[],
  subject: object,
): KubeObject[] {
  const roleRef = { apiGroup: rbac, kind, name };
  return [
    named(`${rbac}/v1`, kind, name, namespace, { rules }),
    named(`${rbac}/v1`, `${kind}Binding`, name, namespace, { roleRef, subjects: [subject] }),
  ];
}

function deployment(options: ManifestOptions): KubeObject {
  const { namespace, image, only } = options;
  const webhook = servesWebhooks(options);
  const args = [
    "controller",
    ...(only === undefined ? [] : [`--namespace=${only}`]),
    `--controller-namespace=${namespace}`,
    `--health-address=:${healthPort}`,
    ...(webhook ? [`--webhook-address=:${webhookPort}`] : []),
  ];
  const probe = (path: string) => ({ httpGet: { path, port: "health" }, periodSeconds: 5 });
  const container = {
    name: "controller",
    image,
    args,
    ports: [{ name: "health", containerPort: healthPort }, ...(webhook ? [{ name: "webhook", containerPort: webhookPort }] : [])],
    livenessProbe: probe("/healthz"),
    readinessProbe: probe("/readyz"),
    resources: { requests: { cpu: "50m", memory: "96Mi" } },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
  };
  return named("apps/v1", "Deployment", controllerName, namespace, {
    spec: {
      // One leads; the other answers the webhook as well, and takes over.
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: controllerName,
          containers: [container],
          // Two on one node would go with it.
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: labels },
            },
          ],
          securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
        },
      },
    },
  });
}

/** Whoever empties nodes leaves one to answer: without any, writes are refused. */
const disruptionBudget = (namespace: string): KubeObject =>
  named("policy/v1", "PodDisruptionBudget", controllerName, namespace, { spec: { minAvailable: 1, selector: { matchLabels: labels } } });

const service = (namespace: string): KubeObject =>
  named("v1", "Service", controllerName, namespace, {
    spec: { selector: labels, ports: [{ name: "webhook", port: 443, targetPort: "webhook" }] },
  });

const webhookConfigurations = (options: ManifestOptions): KubeObject =>
  named("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", webhookConfigurationName, undefined, {
    // In the order in which they are called: names of copies belong to the template whose user is noted.
    webhooks: [...(options.webhook ? [configurationWebhook(options)] : []), ...(options.recordUsers ? [userWebhook(options)] : [])],
  });

/** What all webhooks have in common. Where the server knows the condition, one that is down refuses what it concerns; elsewhere all pass. */
const webhookOf = ({ namespace, matchConditions }: ManifestOptions, path: string): object => ({
  admissionReviewVersions: ["v1"],
  failurePolicy: matchConditions ? "Fail" : "Ignore",
  reinvocationPolicy: "IfNeeded",
  timeoutSeconds: 5,
  clientConfig: { service: { namespace, name: controllerName, path } },
  rules: [
    {
      apiGroups: ["apps"],
      apiVersions: ["v1"],
      resources: ["deployments", "statefulsets", "daemonsets"],
      operations: ["CREATE", "UPDATE"],
      scope: "Namespaced",
    },
  ],
});

const namespaceLabel = "kubernetes.io/metadata.name";

/** Only workloads that follow their configuration concern it. */
const configurationWebhook = (options: ManifestOptions): object => ({
  name: "configuration.windlass.dev",
  ...webhookOf(options, webhookPath),
  sideEffects: "NoneOnDryRun",
  ...(options.only !== undefined && { namespaceSelector: { matchLabels: { [namespaceLabel]: options.only } } }),
  ...(options.matchConditions && {
    matchConditions: [
      {
        name: "follows-its-configuration",
        expression:
          "(has(object.metadata.annotations) && 'windlass.dev/config-revisions' in object.metadata.annotations) || (has(object.metadata.labels) && 'windlass.dev/config-content' in object.metadata.labels)",
      },
    ],
  }),
});

/**
 * A write concerns it that brings a template, or says who did. The system's namespace and its own stay out: the cluster, and it itself,
 * must be able to come up without it.
 */
const userWebhook = (options: ManifestOptions): object => ({
  name: "users.windlass.dev",
  ...webhookOf(options, recordUserPath),
  sideEffects: "None",
  namespaceSelector:
    options.only === undefined
      ? { matchExpressions: [{ key: namespaceLabel, operator: "NotIn", values: ["kube-system", options.namespace] }] }
      : { matchLabels: { [namespaceLabel]: options.only } },
  ...(options.matchConditions && {
    matchConditions: [
      {
        name: "changes-the-template-or-its-user",
        expression: `request.operation == 'CREATE' || object.spec.template != oldObject.spec.template || ${userIn("object")} != ${userIn("oldObject")}`,
      },
    ],
  }),
});

/** In CEL: who is named in an object's annotations; "" for nobody. */
const userIn = (object: string): string =>
  `(has(${object}.metadata.annotations) && '${changedByKey}' in ${object}.metadata.annotations ? ${object}.metadata.annotations['${changedByKey}'] : '')`;
