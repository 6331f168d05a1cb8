/**
 * Lists: consistent pages at the first page's version (API-25), exact and not-older reads (API-26, API-27). Everything
 * is read from the store's memory.
 */
import { badRequest, expired, field, invalid, timeout } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import { CompactedError, FutureVersionError, type RangeOptions, type RangeResult } from "../../store/store.ts";
import type { ApiList, ApiListOptions, Stored } from "../api.ts";
import { type ContinueToken, decodeContinue, encodeContinue } from "./continue-token.ts";
import type { Core } from "./core.ts";
import { compileSelection, type Selection } from "./selection.ts";

/** How many entries are read at once when a selector leaves most of them out. */
const pageOfSelected = 500;
/** How many are read at once where others are to have their turn: a millisecond's worth. */
const pageBetweenPauses = 2000;
/** How long a read waits for a version that is not there yet (API-27). */
const freshWaitMs = 3000;
const freshPollMs = 50;

const inconsistentContinue =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue " +
  "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided " +
  "token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was " +
  "returned and now may show up in the list.";

/** Throws 400, 410, 422 and 504 as Kubernetes does for the same options. */
export async function list(core: Core, kind: KindDefinition, options: ApiListOptions): Promise<ApiList> {
  const plan = planList(options);
  const selection = compileSelection(kind, options);
  if (plan.notOlderThan !== undefined) await untilFresh(core, plan.notOlderThan);
  if (plan.exactly !== undefined) await untilFresh(core, plan.exactly);
  if (selection.name !== undefined && plan.exactly === undefined && !plan.token) {
    const single = listSingle(core, kind, selection, selection.name);
    if (single) return single;
  }
  return listRange(core, kind, selection, { ...plan, pause: options.pause });
}

interface ListPlan {
  readonly limit: number | undefined;
  readonly token: ContinueToken | undefined;
  readonly exactly: number | undefined;
  readonly notOlderThan: number | undefined;
  readonly pause?: ApiListOptions["pause"];
}

function planList(options: ApiListOptions): ListPlan {
  const problems = [];
  const match = options.resourceVersionMatch;
  if (match) {
    const path = "resourceVersionMatch";
    if (!options.resourceVersion)
      problems.push(field.forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (options.continue) problems.push(field.forbidden(path, "resourceVersionMatch is forbidden when continue is provided"));
    if (match !== "Exact" && match !== "NotOlderThan") problems.push(field.notSupported(path, match, ["Exact", "NotOlderThan", ""]));
    if (match === "Exact" && options.resourceVersion === "0")
      problems.push(field.forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (problems.length > 0) throw invalid(listOptionsSubject, problems);
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : undefined;
  const asked = parseVersion(options.resourceVersion);
  if (options.continue) {
    if (asked) throw badRequest("specifying resource version is not allowed when using continue");
    return { limit, token: decodeContinue(options.continue), exactly: undefined, notOlderThan: undefined };
  }
  const exact = match === "Exact" || (limit !== undefined && !match && !!asked);
  return { limit, token: undefined, exactly: exact ? asked : undefined, notOlderThan: exact ? undefined : asked };
}

/** What an error about list and watch options speaks of. */
export const listOptionsSubject = { group: "meta.k8s.io", resource: "listoptions", kind: "ListOptions", name: "" } as const;

/** The number of a resourceVersion; undefined for none. Throws 400 for what is no version. */
export function parseVersion(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const version = /^\d{1,20}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(version)) throw badRequest(`invalid resource version ${JSON.stringify(text)}`);
  return version;
}

/** Waits until the store has reached `version`; 504 when it has not within three seconds (API-27). */
export async function untilFresh(core: Core, version: number): Promise<void> {
  const { clock } = core.world;
  const deadline = clock.monotonic() + freshWaitMs;
  while (core.store.version < version) {
    if (clock.monotonic() >= deadline || core.closed()) throw tooLargeVersion(version, core.store.version);
    await new Promise<void>((resolve) => void clock.setTimer(freshPollMs, resolve));
  }
}

const tooLargeVersion = (asked: number, current: number) =>
  timeout(`Too large resource version: ${asked}, current: ${current}`, 1, [
    { reason: "ResourceVersionTooLarge", message: "Too large resource version" },
  ]);

/** One name is asked for: a look-up instead of a walk. Not possible across namespaces. */
function listSingle(core: Core, kind: KindDefinition, selection: Selection, name: string): ApiList | undefined {
  if (kind.scope === "Namespaced" && selection.namespace === undefined) return undefined;
  const key = selection.namespace === undefined ? { name } : { namespace: selection.namespace, name };
  const stored = core.storage.read(kind, key);
  const items = stored && selection.matches(stored.object) ? [stored] : [];
  return { items, resourceVersion: String(core.store.version) };
}

async function listRange(core: Core, kind: KindDefinition, selection: Selection, plan: ListPlan): Promise<ApiList> {
  const prefix = core.storage.prefix(kind, selection.namespace);
  const inconsistent = plan.token?.version === -1;
  const at = inconsistent ? undefined : (plan.token?.version ?? plan.exactly);
  let start = plan.token ? prefix + plan.token.start : undefined;
  let version = at;
  const items: Stored[] = [];
  for (;;) {
    const room = plan.limit === undefined ? undefined : plan.limit - items.length;
    const wanted = room === undefined || selection.everything ? room : Math.max(room, pageOfSelected);
    const page = plan.pause ? Math.min(wanted ?? pageBetweenPauses, pageBetweenPauses) : wanted;
    const range = readRange(
      core,
      prefix,
      { ...(start !== undefined && { start }), ...(page && { limit: page }), ...optionalAt(version) },
      plan,
    );
    version ??= range.version;
    let used = 0;
    for (const entry of range.entries) {
      if (room !== undefined && items.length >= (plan.limit as number)) break;
      used++;
      const stored = core.storage.ofEntry(kind, entry);
      if (selection.everything || selection.matches(stored.object)) items.push(stored);
    }
    const left = range.entries.length - used + range.remaining;
    const last = range.entries[used - 1];
    if (left === 0 || last === undefined) return { items, resourceVersion: String(version) };
    start = `${last.key}\0`;
    if (plan.limit !== undefined && items.length >= plan.limit) {
      return {
        items,
        resourceVersion: String(version),
        continue: encodeContinue({ version, start: start.slice(prefix.length) }),
        ...(selection.everything && { remainingItemCount: left }),
      };
    }
    await plan.pause?.();
  }
}

const optionalAt = (version: number | undefined): { at?: number } => (version === undefined ? {} : { at: version });

function readRange(core: Core, prefix: string, options: RangeOptions, plan: ListPlan): RangeResult {
  try {
    // Reading as of now needs no history.
    const { at, ...now } = options;
    return core.store.range(prefix, at === core.store.version ? now : options);
  } catch (error) {
    if (error instanceof CompactedError) {
      if (plan.token) throw expired(inconsistentContinue, encodeContinue({ version: -1, start: plan.token.start }));
      throw expired(`The resourceVersion for the provided list is too old.`);
    }
    if (error instanceof FutureVersionError) throw tooLargeVersion(options.at ?? 0, core.store.version);
    throw error;
  }
}
