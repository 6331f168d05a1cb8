/** Who describes which kind. Kinds that are not here are described by their fields. */
import type { Resource } from "../discovery/resource.ts";
import type { Describer } from "./describer.ts";
import { binding, role, serviceAccount } from "./kinds/access.ts";
import { podDisruptionBudget, priorityClass, storageClass } from "./kinds/classes.ts";
import { limitRange, namespace, quota } from "./kinds/namespaces.ts";
import { endpoints, endpointSlice, ingress, networkPolicy } from "./kinds/traffic.ts";
import { configMap, secret } from "./kinds/configuration.ts";
import { generic } from "./kinds/generic.ts";
import { node } from "./kinds/node.ts";
import { pod } from "./kinds/pod.ts";
import { service } from "./kinds/service.ts";
import { persistentVolume, persistentVolumeClaim } from "./kinds/volumes.ts";
import { cronJob, daemonSet, deployment, job, replicaSet, statefulSet } from "./kinds/workloads.ts";

/** By plural and group. */
const describers: Readonly<Record<string, Describer>> = {
  "pods.": pod,
  "services.": service,
  "nodes.": node,
  "configmaps.": configMap,
  "secrets.": secret,
  "persistentvolumeclaims.": persistentVolumeClaim,
  "persistentvolumes.": persistentVolume,
  "replicationcontrollers.": replicaSet,
  "deployments.apps": deployment,
  "replicasets.apps": replicaSet,
  "statefulsets.apps": statefulSet,
  "daemonsets.apps": daemonSet,
  "jobs.batch": job,
  "cronjobs.batch": cronJob,
  "namespaces.": namespace,
  "resourcequotas.": quota,
  "limitranges.": limitRange,
  "serviceaccounts.": serviceAccount,
  "roles.rbac.authorization.k8s.io": role,
  "clusterroles.rbac.authorization.k8s.io": role,
  "rolebindings.rbac.authorization.k8s.io": binding,
  "clusterrolebindings.rbac.authorization.k8s.io": binding,
  "storageclasses.storage.k8s.io": storageClass,
  "priorityclasses.scheduling.k8s.io": priorityClass,
  "poddisruptionbudgets.policy": podDisruptionBudget,
  "endpoints.": endpoints,
  "endpointslices.discovery.k8s.io": endpointSlice,
  "ingresses.networking.k8s.io": ingress,
  "networkpolicies.networking.k8s.io": networkPolicy,
};

export const describerOf = ({ plural, group }: Resource): Describer => describers[`${plural}.${group}`] ?? generic;
