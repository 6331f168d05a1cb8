/** Reads and changes a workload's history through the API. */
import { isConflict, isAlreadyExists, isNotFound } from "../../api/errors.ts";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import type { KubeObject } from "../../api/meta/object.ts";
import type { ConfigMap as ConfigMapObject } from "../../api/types.ts";
import type { Client } from "../../client/client.ts";
import { decodeHistory, encodeHistory, historyKeyOf, isHistoryOf } from "./history-object.ts";
import { emptyHistory, type ReleaseHistory } from "./release.ts";

const attemptsMax = 10;

/** What is remembered of a workload; nothing where nobody recorded. Throws what the client throws, `isForbidden` among it. */
export async function readHistory(client: Client, workload: KubeObject): Promise<ReleaseHistory> {
  const present = await presentHistory(client, workload);
  return present && isHistoryOf(present, workload) ? decodeHistory(present) : emptyHistory;
}

async function presentHistory(client: Client, workload: KubeObject): Promise<ConfigMapObject | undefined> {
  try {
    return await client.get(ConfigMap, historyKeyOf(workload));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Writes a history over the one that was read as `present`. Throws a conflict where somebody else was faster. A history that is left
 * from a workload of the same name gives way.
 */
export async function writeHistory(
  client: Client,
  workload: KubeObject,
  history: ReleaseHistory,
  present: ConfigMapObject | undefined,
): Promise<void> {
  if (present && isHistoryOf(present, workload)) {
    await client.update(ConfigMap, encodeHistory(workload, history, present));
    return;
  }
  if (present) {
    const { uid, resourceVersion } = present.metadata;
    await client.delete(ConfigMap, historyKeyOf(workload), {
      preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
    });
  }
  await client.create(ConfigMap, encodeHistory(workload, history));
}

/**
 * Changes what is remembered, such as why a release failed; as often as others are faster. `change` may return what it was given,
 * and then nothing is written.
 */
export async function changeHistory(
  client: Client,
  workload: KubeObject,
  change: (history: ReleaseHistory) => ReleaseHistory,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const present = await presentHistory(client, workload);
    const history = present && isHistoryOf(present, workload) ? decodeHistory(present) : emptyHistory;
    const changed = change(history);
    if (changed === history) return;
    try {
      await writeHistory(client, workload, changed, present);
      return;
    } catch (error) {
      const lost = isConflict(error) || isAlreadyExists(error) || isNotFound(error);
      if (!lost || attempt === attemptsMax) throw error;
    }
  }
}
