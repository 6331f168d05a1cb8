import { daemonSets } from "./daemon-set.ts";
import { livesThrough } from "./seeds.suite.ts";

livesThrough(daemonSets, 500);
