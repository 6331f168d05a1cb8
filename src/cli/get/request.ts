/** What a line of `get` asks for, as all ways of printing see it. */
import type { Flags } from "../flags.ts";
import type { Target } from "./targets.ts";

export interface GetRequest {
  readonly targets: readonly Target[];
  /** Of -o, without its argument; "" for the usual table. */
  readonly format: string;
  readonly argument: string;
  readonly flags: Flags;
  readonly allNamespaces: boolean;
}
