/** Who describes which kind. Kinds that are not here are described by their fields. */
import type { Resource } from "../discovery/resource.ts";
import type { Describer } from "./describer.ts";
import { configMap, secret } from "./kinds/configuration.ts";
import { generic } from "./kinds/generic.ts";
import { node } from "./kinds/node.ts";
import { pod } from "./kinds/pod.ts";
import { service } from "./kinds/service.ts";
import { persistentVolume, persistentVolumeClaim } from "./kinds/volumes.ts";
import { daemonSet, deployment, job, replicaSet, statefulSet } from "./kinds/workloads.ts";

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
};

export const describerOf = ({ plural, group }: Resource): Describer => describers[`${plural}.${group}`] ?? generic;
