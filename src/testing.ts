/**
 * The library for tests of controllers and deployment tools: a whole control plane in this process.
 *
 *     import { startCluster } from "windlass/testing";
 *     const cluster = await startCluster({ nodes: 3, clock: "virtual" });
 */
export { ApiError } from "./api/errors.ts";
export type { KindRef } from "./api/kind.ts";
export { ConfigMap } from "./api/kinds/config-map/index.ts";
export { DaemonSet } from "./api/kinds/daemon-set/index.ts";
export { Deployment } from "./api/kinds/deployment/index.ts";
export { EndpointSlice } from "./api/kinds/endpoint-slice/index.ts";
export { Event } from "./api/kinds/event/index.ts";
export { Namespace } from "./api/kinds/namespace/index.ts";
export { Node } from "./api/kinds/node/index.ts";
export { Pod } from "./api/kinds/pod/index.ts";
export { ReplicaSet } from "./api/kinds/replica-set/index.ts";
export { Secret } from "./api/kinds/secret/index.ts";
export { Service } from "./api/kinds/service/index.ts";
export { StatefulSet } from "./api/kinds/stateful-set/index.ts";
export type { AnyObject, KubeObject, ObjectKey, WatchEvent } from "./api/meta/object.ts";
export type { Client } from "./client/client.ts";
export { type Cluster, type ClusterOptions, startCluster } from "./cluster/start-cluster.node.ts";
export { simulatedPrefix } from "./node/simulated/annotations.ts";
