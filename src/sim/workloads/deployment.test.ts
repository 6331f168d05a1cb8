import { deployments } from "./deployment.ts";
import { livesThrough } from "./seeds.suite.ts";

livesThrough(deployments, 450);
