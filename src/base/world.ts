/** What a component may know of the world outside: time, chance and a place to report. */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Random } from "./random.ts";

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
