/** Opening a watch: from now, from a kept version, or with everything there is first (API-28, API-30). */
import { expired, field, invalid } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import { CompactedError } from "../../store/store.ts";
import type { ApiWatchHandler, ApiWatchOptions } from "../api.ts";
import type { Core } from "./core.ts";
import { listOptionsSubject, parseVersion, untilFresh } from "./list.ts";
import { compileSelection, type Selection } from "./selection.ts";
import type { WatchHub } from "./watch-hub.ts";

/** Marks the bookmark that ends the initial events (API-30). */
const initialEventsEnd = { "k8s.io/initial-events-end": "true" };

/** Throws 400, 410 and 422 at once; a version of the future that does not come ends the watch with 504. */
export function watch(core: Core, kind: KindDefinition, options: ApiWatchOptions, handler: ApiWatchHandler): () => void {
  checkWatchOptions(options);
  const selection = compileSelection(kind, options);
  const asked = parseVersion(options.resourceVersion);
  const hub = core.hub(kind);
  const bookmarks = options.allowBookmarks === true;
  if (options.sendInitialEvents === true || (!asked && options.sendInitialEvents !== false)) {
    const start = () => fromEverything(core, kind, hub, selection, { handler, bookmarks });
    return asked !== undefined && asked > core.store.version ? whenFresh(core, asked, handler, start) : start();
  }
  const after = asked || core.store.version;
  try {
    return hub.join({ selection, handler, bookmarks, after });
  } catch (error) {
    if (error instanceof CompactedError) throw expired(`too old resource version: ${after} (${error.compactedVersion})`);
    throw error;
  }
}

function checkWatchOptions(options: ApiWatchOptions): void {
  const problems = [];
  const match = options.resourceVersionMatch;
  const path = "resourceVersionMatch";
  if (options.sendInitialEvents !== undefined && match !== "NotOlderThan")
    problems.push(field.forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  if (match) {
    if (options.sendInitialEvents === undefined)
      problems.push(field.forbidden(path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    if (match !== "NotOlderThan") problems.push(field.notSupported(path, match, ["NotOlderThan"]));
  }
  if (problems.length > 0) throw invalid(listOptionsSubject, problems);
}

interface Recipient {
  readonly handler: ApiWatchHandler;
  readonly bookmarks: boolean;
}

/**
 * All there is as ADDED, the bookmark that ends it for those who take bookmarks, then changes (API-30, API-32).
 * Synchronous, so nothing falls between.
 */
function fromEverything(core: Core, kind: KindDefinition, hub: WatchHub, selection: Selection, recipient: Recipient): () => void {
  const { handler, bookmarks } = recipient;
  const after = core.store.version;
  for (const entry of entriesOf(core, kind, selection)) {
    const stored = core.storage.ofEntry(kind, entry);
    if (selection.everything || selection.matches(stored.object)) handler.event({ type: "ADDED", stored });
  }
  if (bookmarks) handler.event(hub.bookmark(initialEventsEnd));
  return hub.join({ selection, handler, bookmarks, after });
}

function entriesOf(core: Core, kind: KindDefinition, selection: Selection) {
  const { name, namespace } = selection;
  if (name === undefined || (kind.scope === "Namespaced" && namespace === undefined)) {
    return core.store.range(core.storage.prefix(kind, namespace)).entries;
  }
  const entry = core.store.get(core.storage.key(kind, namespace === undefined ? { name } : { namespace, name }));
  return entry ? [entry] : [];
}

function whenFresh(core: Core, version: number, handler: ApiWatchHandler, start: () => () => void): () => void {
  let stopped = false;
  let stop = (): void => {};
  untilFresh(core, version).then(
    () => {
      if (!stopped) stop = start();
    },
    (error: unknown) => {
      if (!stopped) handler.end(error as Error);
    },
  );
  return () => {
    stopped = true;
    stop();
  };
}
