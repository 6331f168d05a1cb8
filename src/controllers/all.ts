/** Every controller of the control plane. */
import { kinds } from "../api/registry.ts";
import { cronJobController } from "./cron-job/cron-job.ts";
import { daemonSetController } from "./daemonset/daemon-set.ts";
import { deploymentController } from "./deployment/deployment.ts";
import { endpointSliceController } from "./endpoint-slice/index.ts";
import { endpointSliceMirroringController } from "./endpoint-slice-mirroring/index.ts";
import { endpointsController } from "./endpoints/index.ts";
import { disruptionController } from "./disruption/index.ts";
import { ephemeralVolumeController } from "./ephemeral-volume/index.ts";
import { garbageCollector } from "./garbage-collector/index.ts";
import { jobController } from "./job/job.ts";
import { type ApiServerAddress, kubernetesServiceController } from "./kubernetes-service/index.ts";
import { localVolumeProvisioner } from "./local-volumes/index.ts";
import { noVolumeDirectories, type VolumeDirectories } from "./local-volumes/volume-directories.ts";
import { namespaceController } from "./namespace/index.ts";
import { nodeLifecycleController } from "./node-lifecycle/index.ts";
import { persistentVolumeBinder } from "./persistent-volume-binder/index.ts";
import { claimProtectionController, volumeProtectionController } from "./persistent-volume-protection/index.ts";
import { podGcController } from "./pod-gc/index.ts";
import { replicaSetController, replicationController } from "./replicaset/replica-set.ts";
import { rootCaController } from "./root-ca/index.ts";
import type { Controller, ControllerDeps } from "../client/controller.ts";
import { scheduler } from "./scheduler/index.ts";
import { serviceAccountController } from "./service-account/index.ts";
import { serviceController } from "./service/index.ts";
import { statefulSetController } from "./statefulset/stateful-set.ts";

/** What some controllers must know of the cluster beside its objects. */
export interface ClusterFacts {
  /** PEM of the authority that signed the API server's certificate, for ConfigMap `kube-root-ca.crt`. */
  readonly caBundle: string;
  /** Where Pods reach the API server. */
  apiServer(): ApiServerAddress;
  /** Where provisioned volumes are stored. Absent: they are objects only, for nodes that run no container. */
  readonly volumes?: VolumeDirectories;
}

/** Builds all of them; none is started. */
export const allControllers = (deps: ControllerDeps, facts: ClusterFacts): readonly Controller[] => [
  deploymentController(deps),
  replicaSetController(deps),
  replicationController(deps),
  statefulSetController(deps),
  daemonSetController(deps),
  jobController(deps),
  cronJobController(deps),
  endpointSliceController(deps),
  endpointSliceMirroringController(deps),
  endpointsController(deps),
  serviceAccountController(deps),
  rootCaController(deps, facts.caBundle),
  serviceController(deps),
  kubernetesServiceController(deps, facts.apiServer),
  garbageCollector(deps, kinds),
  namespaceController(deps, kinds),
  nodeLifecycleController(deps),
  podGcController(deps),
  disruptionController(deps),
  persistentVolumeBinder(deps),
  localVolumeProvisioner(deps, facts.volumes ?? noVolumeDirectories),
  claimProtectionController(deps),
  volumeProtectionController(deps),
  ephemeralVolumeController(deps),
  scheduler(deps),
];
