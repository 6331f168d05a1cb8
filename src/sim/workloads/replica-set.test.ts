import { replicaSets } from "./replica-set.ts";
import { livesThrough } from "./seeds.suite.ts";

livesThrough(replicaSets, 400);
