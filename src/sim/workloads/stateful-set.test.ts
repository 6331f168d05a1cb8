import { statefulSets } from "./stateful-set.ts";
import { livesThrough } from "./seeds.suite.ts";

livesThrough(statefulSets, 500);
