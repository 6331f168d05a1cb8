/** Every kind of workload that the simulation knows. */
import { daemonSets } from "./daemon-set.ts";
import { deployments } from "./deployment.ts";
import { released } from "./released.ts";
import { replicaSets } from "./replica-set.ts";
import { statefulSets } from "./stateful-set.ts";
import type { Workload } from "./workload.ts";

export const plainWorkloads: readonly Workload[] = [deployments, statefulSets, daemonSets, replicaSets];
/** The same with annotations, configuration and the controllers of releases. */
export const releasedWorkloads: readonly Workload[] = [deployments, statefulSets, daemonSets].map(released);
export const workloads: readonly Workload[] = [...plainWorkloads, ...releasedWorkloads];
