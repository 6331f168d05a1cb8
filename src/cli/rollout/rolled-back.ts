/** Whether what a workload runs now is there because its last release was given up by itself. */
import { isForbidden, isNotFound } from "../../api/errors.ts";
import type { Client } from "../../client/client.ts";
import type { KubeObject } from "../../api/meta/object.ts";
import { readHistory } from "../../release/records/history-store.ts";
import type { Release } from "../../release/records/release.ts";

/** The release that was given up, if nothing else came since; undefined also where nobody recorded, or the record may not be read. */
export async function givenUpRelease(client: Client, workload: KubeObject): Promise<Release | undefined> {
  try {
    const { releases } = await readHistory(client, workload);
    const [before, newest] = [releases.at(-2), releases.at(-1)];
    if (newest?.rollback) return newest;
    return before?.rollback && before.rollback.to === newest?.template ? before : undefined;
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return undefined;
    throw error;
  }
}
