/** What the two ways to apply have in common: how to go about it, what comes of it, and the live object. */
import { isNotFound } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Connection } from "../connection.ts";
import type { DryRun } from "../objects/dry-run.ts";
import type { Found } from "../objects/selection.ts";

/** How one apply goes about every object. */
export interface ApplyPlan {
  readonly dryRun: DryRun;
  readonly isServerSide: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** Server-side: take over the fields of others. */
  readonly forceConflicts: boolean;
  /** Client-side: delete and create anew what can't be changed. */
  readonly recreate: boolean;
  readonly graceSeconds: number;
  readonly overwrite: boolean;
  readonly changeCause: string | undefined;
}

/** What became of one object. */
export interface Applied {
  /** As the server has it, or as it would be sent. */
  readonly object: AnyObject;
  /** `created`, `configured`, `unchanged`, `serverside-applied`. */
  readonly done: string;
}

/** The live object; undefined where there is none. */
export async function liveObject({ client }: Connection, { resource, namespace, name }: Found): Promise<AnyObject | undefined> {
  try {
    return await client.get(resource, namespace === undefined ? { name } : { namespace, name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
