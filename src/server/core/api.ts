/** Composes the server's core over a store: everything behind the wire, for the HTTP front and in-process clients alike. */
import { badRequest, methodNotAllowed, notFound, unknownPath } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { World } from "../../base/world.ts";
import type { Store } from "../../store/store.ts";
import { type AdmissionChain, type AdmissionRule, admissionChain, isResource } from "../admission/admission.ts";
import { type BuiltInAdmissionOptions, builtInAdmission } from "../admission/built-in.ts";
import type { Api, Stored } from "../api.ts";
import { bindPod } from "../subresources/binding.ts";
import { builtInSubresources } from "../subresources/built-in.ts";
import { created } from "../subresources/success.ts";
import { type Core, type IssueToken, keyUnder, type ServeVirtual } from "./core.ts";
import { create } from "./create.ts";
import { deleteCollection, deleteObject } from "./delete.ts";
import { startExpiry } from "./expiry.ts";
import { list } from "./list.ts";
import { mainResource, scaleResource, statusResource } from "./main-resource.ts";
import { patch } from "./patch.ts";
import { createStorage } from "./storage.ts";
import { StoredObject } from "./stored-object.ts";
import { subjectOf } from "./subject.ts";
import type { Subresource } from "./subresource.ts";
import { update } from "./update.ts";
import { watch } from "./watch.ts";
import { WatchHub } from "./watch-hub.ts";

export interface ApiOptions extends BuiltInAdmissionOptions {
  readonly store: Store;
  readonly kinds: readonly KindDefinition[];
  readonly world: World;
  /** Admission beyond the built-in rules; asked after them. */
  readonly admission?: readonly AdmissionRule[];
  /** Serves kinds that are never stored (reviews). */
  readonly virtual?: ServeVirtual;
  /** Serves serviceaccounts/token. */
  readonly issueToken?: IssueToken;
}

/** The API over a store. `close` ends its watches and timers; the store is the caller's to close. */
export function createApi(options: ApiOptions): Api & { close(): void } {
  const { store, kinds, world } = options;
  const storage = createStorage(store);
  const hubs = new Map<KindDefinition, WatchHub>();
  const faces = new Map<KindDefinition, Map<string, Subresource>>();
  const kindsByResource = new Map(kinds.map((kind) => [`${kind.group}/${kind.plural}`, kind]));
  let closed = false;

  const faceOf = (kind: KindDefinition, name: string): Subresource => {
    let known = faces.get(kind);
    if (!known) faces.set(kind, (known = facesOf(kind)));
    const face = known.get(name);
    if (!face) throw unknownPath();
    return face;
  };

  const core: Core = {
    store,
    storage,
    world,
    kinds,
    get admission() {
      return chain;
    },
    serveVirtual: options.virtual,
    issueToken: options.issueToken,
    hub(kind) {
      let hub = hubs.get(kind);
      if (!hub) hubs.set(kind, (hub = new WatchHub(kind, storage, world)));
      return hub;
    },
    face: faceOf,
    kindOf: (group, plural) => kindsByResource.get(`${group}/${plural}`),
    closed: () => closed,
  };

  const chain: AdmissionChain = admissionChain([...builtInAdmission(core, options), ...(options.admission ?? [])]);

  const stopExpiry = startExpiry(core);

  return {
    async get(kind, key, subresource = "") {
      const face = faceOf(kind, subresource);
      if (!face.readable) throw methodNotAllowed(subjectOf(kind), "get");
      const stored = storage.read(kind, key);
      if (!stored) throw notFound(subjectOf(kind, key.name));
      return face.form ? new StoredObject(face.form.read(stored.object)) : stored;
    },
    list: (kind, listOptions) => list(core, kind, listOptions),
    watch: (kind, watchOptions, handler) => watch(core, kind, watchOptions, handler),
    async create(kind, namespace, object, context) {
      if (kind.virtual) return serveVirtual(core, kind, namespace, object, context);
      return create(core, kind, namespace, object, context);
    },
    update: (kind, key, object, context, subresource) => update(core, kind, key, object, context, subresource),
    patch: (kind, key, type, body, context, subresource) => patch(core, kind, key, type, body, context, subresource),
    delete: (kind, key, deleteOptions, context) => deleteObject(core, kind, key, deleteOptions, context),
    deleteCollection: (kind, listOptions, deleteOptions, context) => deleteCollection(core, kind, listOptions, deleteOptions, context),
    async createSubresource(kind, key, subresource, body, context) {
      const face = faceOf(kind, subresource);
      if (!face.post) throw methodNotAllowed(subjectOf(kind), "create");
      return face.post(core, kind, key, body, context);
    },
    close() {
      closed = true;
      stopExpiry();
      for (const hub of hubs.values()) hub.close();
    },
  };
}

function facesOf(kind: KindDefinition): Map<string, Subresource> {
  const faces: Subresource[] = [mainResource(kind)];
  if (kind.status) faces.push(statusResource(kind));
  if (kind.scale) faces.push(scaleResource(kind.scale));
  faces.push(...(builtInSubresources[`${kind.group}/${kind.plural}`] ?? []));
  return new Map(faces.map((face) => [face.name, face]));
}

async function serveVirtual(
  core: Core,
  kind: KindDefinition,
  namespace: string | undefined,
  body: AnyObject,
  context: Parameters<ServeVirtual>[3],
): Promise<Stored> {
  const pods = core.kindOf("", "pods");
  if (isResource(kind, "", "bindings") && pods) {
    // The old way to bind: the Binding carries the Pod's name.
    await bindPod(core, pods, keyUnder(pods, namespace, body.metadata?.name ?? ""), body, context);
    return new StoredObject(created());
  }
  if (!core.serveVirtual) throw badRequest(`nothing serves ${kind.plural} here`);
  return new StoredObject(await core.serveVirtual(kind, namespace, body, context));
}
