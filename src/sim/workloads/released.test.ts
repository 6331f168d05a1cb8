import { releasedWorkloads } from "./all.ts";
import { livesThrough } from "./seeds.suite.ts";

for (const workload of releasedWorkloads) livesThrough(workload, 50);
