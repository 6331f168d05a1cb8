/** Every kind that is served. A new kind is a folder under `kinds/` and a line here. */
import type { KindDefinition } from "./kind.ts";
import { Binding } from "./kinds/binding/index.ts";
import { CertificateSigningRequest } from "./kinds/certificate-signing-request/index.ts";
import { ClusterRoleBinding } from "./kinds/cluster-role-binding/index.ts";
import { ClusterRole } from "./kinds/cluster-role/index.ts";
import { ConfigMap } from "./kinds/config-map/index.ts";
import { ControllerRevision } from "./kinds/controller-revision/index.ts";
import { CronJob } from "./kinds/cron-job/index.ts";
import { CSIDriver } from "./kinds/csi-driver/index.ts";
import { CSINode } from "./kinds/csi-node/index.ts";
import { CSIStorageCapacity } from "./kinds/csi-storage-capacity/index.ts";
import { DaemonSet } from "./kinds/daemon-set/index.ts";
import { Deployment } from "./kinds/deployment/index.ts";
import { EndpointSlice } from "./kinds/endpoint-slice/index.ts";
import { Endpoints } from "./kinds/endpoints/index.ts";
import { Event, EventsV1Event } from "./kinds/event/index.ts";
import { FlowSchema } from "./kinds/flow-schema/index.ts";
import { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from "./kinds/horizontal-pod-autoscaler/index.ts";
import { IngressClass } from "./kinds/ingress-class/index.ts";
import { Ingress } from "./kinds/ingress/index.ts";
import { IPAddress } from "./kinds/ip-address/index.ts";
import { Job } from "./kinds/job/index.ts";
import { Lease } from "./kinds/lease/index.ts";
import { LimitRange } from "./kinds/limit-range/index.ts";
import { LocalSubjectAccessReview } from "./kinds/local-subject-access-review/index.ts";
import { Namespace } from "./kinds/namespace/index.ts";
import { NetworkPolicy } from "./kinds/network-policy/index.ts";
import { Node } from "./kinds/node/index.ts";
import { PersistentVolumeClaim } from "./kinds/persistent-volume-claim/index.ts";
import { PersistentVolume } from "./kinds/persistent-volume/index.ts";
import { PodDisruptionBudget } from "./kinds/pod-disruption-budget/index.ts";
import { PodTemplate } from "./kinds/pod-template/index.ts";
import { Pod } from "./kinds/pod/index.ts";
import { PriorityLevelConfiguration } from "./kinds/priority-level-configuration/index.ts";
import { PriorityClass } from "./kinds/priority-class/index.ts";
import { ReplicaSet } from "./kinds/replica-set/index.ts";
import { ReplicationController } from "./kinds/replication-controller/index.ts";
import { ResourceQuota } from "./kinds/resource-quota/index.ts";
import { RoleBinding } from "./kinds/role-binding/index.ts";
import { Role } from "./kinds/role/index.ts";
import { RuntimeClass } from "./kinds/runtime-class/index.ts";
import { Secret } from "./kinds/secret/index.ts";
import { SelfSubjectAccessReview } from "./kinds/self-subject-access-review/index.ts";
import { SelfSubjectReview } from "./kinds/self-subject-review/index.ts";
import { SelfSubjectRulesReview } from "./kinds/self-subject-rules-review/index.ts";
import { ServiceAccount } from "./kinds/service-account/index.ts";
import { ServiceCIDR } from "./kinds/service-cidr/index.ts";
import { Service } from "./kinds/service/index.ts";
import { StatefulSet } from "./kinds/stateful-set/index.ts";
import { StorageClass } from "./kinds/storage-class/index.ts";
import { SubjectAccessReview } from "./kinds/subject-access-review/index.ts";
import { TokenReview } from "./kinds/token-review/index.ts";
import { VolumeAttachment } from "./kinds/volume-attachment/index.ts";
import { VolumeAttributesClass } from "./kinds/volume-attributes-class/index.ts";

// The definitions differ in the type of their objects; code that works on every kind sees plain JSON.
const declared: readonly KindDefinition<any>[] = [
  Namespace,
  Node,
  Pod,
  Service,
  Endpoints,
  ConfigMap,
  Secret,
  Event,
  ServiceAccount,
  PersistentVolume,
  PersistentVolumeClaim,
  PodTemplate,
  ReplicationController,
  LimitRange,
  ResourceQuota,
  Binding,
  Deployment,
  ReplicaSet,
  StatefulSet,
  DaemonSet,
  ControllerRevision,
  EndpointSlice,
  EventsV1Event,
  Lease,
  PodDisruptionBudget,
  PriorityClass,
  StorageClass,
  VolumeAttachment,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  VolumeAttributesClass,
  Role,
  ClusterRole,
  RoleBinding,
  ClusterRoleBinding,
  TokenReview,
  SelfSubjectReview,
  SubjectAccessReview,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  Ingress,
  IngressClass,
  NetworkPolicy,
  IPAddress,
  ServiceCIDR,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  Job,
  CronJob,
  RuntimeClass,
  CertificateSigningRequest,
  FlowSchema,
  PriorityLevelConfiguration,
];

/** Every kind, in the order of discovery: within a group the preferred version comes first. */
export const kinds: readonly KindDefinition[] = declared;

const byResource = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
const byName = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.kind}`, kind]));

/** The kind that a path names, such as ("apps", "v1", "deployments"), or undefined. The core group is "". */
export const findKind = (group: string, version: string, plural: string): KindDefinition | undefined =>
  byResource.get(`${group}/${version}/${plural}`);

/** The kind that an object names, such as ("apps", "v1", "Deployment"), or undefined. The core group is "". */
export const findKindByName = (group: string, version: string, kind: string): KindDefinition | undefined =>
  byName.get(`${group}/${version}/${kind}`);
