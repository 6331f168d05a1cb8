/** Every controller of the control plane. */
import { deploymentController } from "./deployment/deployment.ts";
import { endpointSliceController } from "./endpoint-slice/index.ts";
import { replicaSetController } from "./replicaset/replica-set.ts";
import type { Controller, ControllerDeps } from "./runtime/controller.ts";
import { scheduler } from "./scheduler/index.ts";

/** What some controllers must know of the cluster beside its objects. */
export interface ClusterFacts {
  /** PEM of the authority that signed the API server's certificate, for ConfigMap `kube-root-ca.crt`. */
  readonly caBundle: string;
  /** Where Pods reach the API server. */
  readonly apiServer: { readonly ip: string; readonly port: number };
}

/** Builds all of them; none is started. */
export const allControllers = (deps: ControllerDeps, _facts: ClusterFacts): readonly Controller[] => [
  deploymentController(deps),
  replicaSetController(deps),
  endpointSliceController(deps),
  scheduler(deps),
];
