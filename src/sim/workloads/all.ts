/** Every kind of workload that the simulation knows. */
import { daemonSets } from "./daemon-set.ts";
import { deployments } from "./deployment.ts";
import { replicaSets } from "./replica-set.ts";
import { statefulSets } from "./stateful-set.ts";
import type { Workload } from "./workload.ts";

export const workloads: readonly Workload[] = [deployments, statefulSets, daemonSets, replicaSets];
