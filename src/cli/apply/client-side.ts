/** Client-side apply: the difference between what was applied last, what is applied now and what is live, sent as a patch (API-71). */
import { ApiError, isConflict, isInvalid, isNotFound } from "../../api/errors.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { sleep } from "../../base/clock.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import type { Resource } from "../discovery/resource.ts";
import { CommandError } from "../errors.ts";
import type { Found } from "../objects/selection.ts";
import { toCompactJson } from "../printing/json.ts";
import { type Applied, type ApplyPlan, liveObject } from "./plan.ts";
import { lastAppliedAnnotation, withLastApplied } from "./last-applied.ts";
import { targetText, withSource } from "./source-error.ts";
import { warnOfEnd } from "./warn-of-end.ts";
import { type ApplyPatch, applyPatch } from "./three-way.ts";

/** How often a patch is made anew because the object changed under it, and the wait before the next. */
const attemptsMax = 5;
const retryMs = 1000;
/** How often it is looked whether a deleted object is gone. */
const goneLookMs = 100;

/** Applies one manifest. Throws what the server says, with the file it is about. */
export async function applyClientSide(found: Found, plan: ApplyPlan, connection: Connection, environment: Environment): Promise<Applied> {
  const { resource, source } = found;
  const modified = withLastApplied(found.object as AnyObject);
  if (found.name === "") throw new CommandError(retrievalText(found, "resource name may not be empty"));
  const live = await liveObject(connection, found).catch((error: unknown) => {
    throw retrievalError(found, error);
  });
  if (!live) {
    if (plan.dryRun === "client") return { object: modified, done: "created" };
    return { object: await create(resource, modified, plan, connection, source), done: "created" };
  }
  if (live.metadata.annotations?.[lastAppliedAnnotation] === undefined) warnUnmanaged(found, environment);
  warnOfEnd(live, environment);
  return changeLive(found, modified, live, plan, connection, environment);
}

async function create(
  resource: Resource,
  object: AnyObject,
  plan: ApplyPlan,
  { client }: Connection,
  source: string | undefined,
): Promise<AnyObject> {
  const { fieldManager, fieldValidation, dryRun } = plan;
  try {
    return await client.create(resource, object, { fieldManager, fieldValidation, ...(dryRun === "server" && { dryRun: true }) });
  } catch (error) {
    throw withSource("creating", source, error);
  }
}

function warnUnmanaged({ resource, name }: Found, { stderr }: Environment): void {
  stderr.write(
    `Warning: resource ${resource.plural}/${name} is missing the ${lastAppliedAnnotation} annotation which is required by windlass apply. ` +
      "windlass apply should only be used on resources created declaratively by either windlass create --save-config or windlass apply. The missing annotation will be patched automatically.\n",
  );
}

async function changeLive(
  found: Found,
  modified: AnyObject,
  first: AnyObject,
  plan: ApplyPlan,
  connection: Connection,
  environment: Environment,
): Promise<Applied> {
  const { resource, namespace, name, source } = found;
  const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
  let live = first;
  for (let attempt = 1; ; attempt++) {
    const { type, patch } = applyPatch(resource, modified, live);
    // Without the server nobody knows what would come of it, so kubectl neither compares nor prints anything but what is live.
    if (plan.dryRun === "client") return { object: live, done: "configured" };
    if (Object.keys(patch).length === 0) return { object: live, done: "unchanged" };
    try {
      const { fieldManager, fieldValidation, dryRun } = plan;
      const options = { fieldManager, fieldValidation, ...(dryRun === "server" && { dryRun: true }) };
      return { object: await connection.client.patch(resource, key, type, patch, options), done: "configured" };
    } catch (error) {
      if (isConflict(error) && attempt < attemptsMax) {
        if (attempt > 1) await sleep(environment.world.clock, retryMs);
        live = (await liveObject(connection, found)) ?? live;
        continue;
      }
      if (plan.recreate && (isConflict(error) || isInvalid(error)))
        return { object: await recreate(found, modified, live, plan, connection, environment), done: "configured" };
      throw patchError(found, patch, source, error);
    }
  }
}

function retrievalError(found: Found, error: unknown): Error {
  if (!(error instanceof ApiError)) return error as Error;
  return new ApiError({ ...error.status, message: retrievalText(found, error.message) }, { cause: error });
}

const retrievalText = (found: Found, problem: string): string =>
  `error when retrieving current configuration of:\n${targetText(found)}\nfrom server for: ${JSON.stringify(found.source ?? "")}: ${problem}`;

/** kubectl's long form: the patch, and what it was for. */
function patchError(found: Found, patch: ApplyPatch["patch"], source: string | undefined, error: unknown): Error {
  if (!(error instanceof ApiError)) return error as Error;
  const inner = withSource("patching", source, error).message;
  const message = `error when applying patch:\n${toCompactJson(patch)}\nto:\n${targetText(found)}\nfor: ${JSON.stringify(source ?? "")}: ${inner}`;
  return new ApiError({ ...error.status, message }, { cause: error });
}

/** --force: what can't be changed is deleted and made anew; if that fails, what was there is put back. */
async function recreate(
  found: Found,
  modified: AnyObject,
  live: AnyObject,
  plan: ApplyPlan,
  connection: Connection,
  environment: Environment,
): Promise<AnyObject> {
  const { resource, namespace, name, source } = found;
  const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
  if (plan.dryRun === "server") return modified;
  try {
    const grace = plan.graceSeconds >= 0 ? { gracePeriodSeconds: plan.graceSeconds } : {};
    await connection.client.delete(resource, key, { propagationPolicy: "Background", ...grace });
  } catch (error) {
    if (!isNotFound(error)) throw withSource("deleting", source, error);
  }
  while ((await liveObject(connection, found)) !== undefined) await sleep(environment.world.clock, goneLookMs, environment.interrupted);
  try {
    return await create(resource, modified, plan, connection, source);
  } catch (error) {
    const { resourceVersion: _, uid: __, ...metadata } = live.metadata;
    await create(resource, { ...live, metadata }, plan, connection, source).catch(() => undefined);
    throw error;
  }
}
