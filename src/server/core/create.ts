/** Creating an object (API-50 … API-52). */
import { type ApiError, alreadyExists, badRequest, isAlreadyExists, methodNotAllowed } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { randomNameSuffix, randomUuid } from "../../base/random.ts";
import { formatTime } from "../../base/time.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import type { RequestContext } from "../api.ts";
import { type Core, keyUnder } from "./core.ts";
import { dropEmptyMetadata, metadataProblems } from "./metadata.ts";
import { trackOwnership } from "./ownership.ts";
import { existsAlready } from "./storage.ts";
import { StoredObject } from "./stored-object.ts";
import { subjectOf } from "./subject.ts";
import { admitted, bumpsGeneration, checkType, refuse, warn } from "./write.ts";

/** How often another name is tried when a generated one is taken (API-50). */
const generatedNameRetries = 7;
/** Generated names keep this much of their base, so that base and suffix fit a label. */
const generatedBaseMax = 58;

export interface CreateOptions {
  /** The managedFields are there already (server-side apply). */
  readonly ownersKnown?: boolean;
}

/** Throws 400 for an object that does not fit the path, 409 when the name is taken, 422 for an invalid object. */
export async function create(
  core: Core,
  kind: KindDefinition,
  namespace: string | undefined,
  body: AnyObject,
  context: RequestContext,
  options: CreateOptions = {},
): Promise<StoredObject> {
  if (kind.verbs && !kind.verbs.includes("create")) throw methodNotAllowed(subjectOf(kind), "create");
  const generates = !body?.metadata?.name && !!body?.metadata?.generateName;
  for (let attempt = 0; ; attempt++) {
    const object = deepCopy(body);
    try {
      return await createOnce(core, kind, namespace, object, context, options);
    } catch (error) {
      if (!generates || !isAlreadyExists(error)) throw error;
      if (attempt >= generatedNameRetries) throw noUniqueName(kind, error as ApiError);
    }
  }
}

const noUniqueName = (kind: KindDefinition, error: ApiError): ApiError => {
  const name = error.status.details?.name;
  return alreadyExists(subjectOf(kind, name), `${error.message}, the server was not able to generate a unique name for the object`);
};

async function createOnce(
  core: Core,
  kind: KindDefinition,
  namespace: string | undefined,
  object: AnyObject,
  context: RequestContext,
  options: CreateOptions,
): Promise<StoredObject> {
  checkType(kind, object);
  const now = core.world.clock.now();
  placeInNamespace(kind, object, namespace);
  const meta = object.metadata;
  if (meta.resourceVersion) throw badRequest("resourceVersion should not be set on objects to be created");
  delete meta.resourceVersion;
  if (!meta.name && meta.generateName) meta.name = generatedName(core, meta.generateName);
  const key = keyUnder(kind, meta.namespace, meta.name ?? "");
  kind.defaults?.(object);
  return admitted({ kind, operation: "CREATE", key, object, context }, async (admission) => {
    await core.admission.mutate(admission);
    stampNew(core, object, now);
    if (!options.ownersKnown) trackCreate(kind, object, context, now);
    await core.admission.rewrite(admission);
    kind.prepareForCreate?.(object, { now });
    if (bumpsGeneration(kind, object, nothingYet(object))) meta.generation = 1;
    dropEmptyMetadata(meta);
    refuse(kind, meta.name, [...metadataProblems(kind, meta), ...(kind.validate?.(object) ?? [])]);
    warn(kind, context, object);
    await core.admission.validate(admission);
    if (!context.dryRun) return core.storage.create(kind, key, object);
    const taken = core.storage.read(kind, key);
    if (taken) throw existsAlready(subjectOf(kind, key.name), taken.object.metadata.deletionTimestamp !== undefined);
    return new StoredObject(object);
  });
}

/** API-51: the namespace of the path is the object's. */
export function placeInNamespace(kind: KindDefinition, object: AnyObject, namespace: string | undefined): void {
  const meta = object.metadata;
  if (kind.scope === "Cluster") {
    if (meta.namespace === "") delete meta.namespace;
    return;
  }
  if (namespace === undefined) return;
  if (!meta.namespace) meta.namespace = namespace;
  else if (meta.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
}

const generatedName = (core: Core, base: string): string => base.slice(0, generatedBaseMax) + randomNameSuffix(core.world.random);

/** What was there before: a kind whose objects have a generation sees in it that everything is new. */
const nothingYet = ({ apiVersion, kind }: AnyObject): AnyObject => ({ apiVersion, kind, metadata: {} });

/** What only the server says of a new object. */
function stampNew(core: Core, object: AnyObject, now: number): void {
  const meta = object.metadata;
  meta.uid = randomUuid(core.world.random);
  meta.creationTimestamp = formatTime(now);
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.generation;
  delete meta.selfLink;
}

/** A creator does not own the status, which it cannot set. */
function trackCreate(kind: KindDefinition, object: AnyObject, context: RequestContext, now: number): void {
  const status = object.status;
  if (kind.status) delete object.status;
  trackOwnership({ kind, live: undefined, context, now, subresource: "" }, object);
  if (kind.status && status !== undefined) object.status = status;
}
