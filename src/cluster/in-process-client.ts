/**
 * The client without a wire: what components of the same process use. Objects are the server's own frozen ones, shared,
 * never copied; nothing is serialised. Authorisation is not asked: whoever holds one acts as the user it was made for.
 */
import type { KindDefinition, KindRef } from "../api/kind.ts";
import type { AnyObject, KubeObject, ObjectKey, WatchEvent } from "../api/meta/object.ts";
import type { DeleteOptions } from "../api/types.ts";
import { assert } from "../base/assert.ts";
import type {
  Client,
  List,
  ListOptions,
  PatchOptions,
  PatchType,
  Watch,
  WatchHandler,
  WatchOptions,
  WriteOptions,
} from "../client/client.ts";
import type { Api, ApiWatchOptions, RequestContext, User } from "../server/api.ts";

export interface InProcessClientOptions {
  readonly api: Api;
  readonly kinds: readonly KindDefinition[];
  /** Who the server takes the caller for, e.g. `system:serviceaccount:kube-system:deployment-controller`. */
  readonly user: User;
  /** The manager that managedFields name, e.g. `kube-controller-manager`. */
  readonly fieldManager: string;
}

/** A client that calls the server's core directly. Watch handlers are called synchronously, in order of resourceVersion. */
export function inProcessClient(options: InProcessClientOptions): Client {
  const { api, user, fieldManager } = options;
  const definitions = new Map<string, KindDefinition>();
  for (const kind of options.kinds) definitions.set(`${kind.group}/${kind.version}/${kind.plural}`, kind);

  const definitionOf = (kind: KindRef<never> | KindRef): KindDefinition => {
    const definition = definitions.get(`${kind.group}/${kind.version}/${kind.plural}`);
    assert(definition, `the kind ${kind.kind} is served`);
    return definition;
  };
  const contextOf = (write?: WriteOptions): RequestContext => ({
    user,
    fieldManager: write?.fieldManager ?? fieldManager,
    ...(write?.dryRun !== undefined && { dryRun: write.dryRun }),
    ...(write?.fieldValidation !== undefined && { fieldValidation: write.fieldValidation }),
  });
  const keyOf = (object: KubeObject): ObjectKey => {
    const { name, namespace } = object.metadata;
    assert(name, "an update names its object");
    return namespace === undefined ? { name } : { namespace, name };
  };

  return {
    async get<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey, get?: { readonly subresource?: string }): Promise<T> {
      return (await api.get(definitionOf(kind as KindRef), key, get?.subresource)).object as unknown as T;
    },
    async list<T extends KubeObject>(kind: KindRef<T>, list: ListOptions = {}): Promise<List<T>> {
      const answer = await api.list(definitionOf(kind as KindRef), list);
      return {
        items: answer.items.map((stored) => stored.object as unknown as T),
        resourceVersion: answer.resourceVersion,
        ...(answer.continue !== undefined && { continue: answer.continue }),
      };
    },
    watch<T extends KubeObject>(kind: KindRef<T>, watch: WatchOptions, handler: WatchHandler<T>): Watch {
      let closed = false;
      const { allowWatchBookmarks, timeoutSeconds: _, ...where } = watch;
      const wanted: ApiWatchOptions = {
        ...where,
        ...(allowWatchBookmarks !== undefined && { allowBookmarks: allowWatchBookmarks }),
        ...(watch.sendInitialEvents && { resourceVersionMatch: "NotOlderThan" }),
      };
      const stop = api.watch(definitionOf(kind as KindRef), wanted, {
        event(event) {
          if (!closed) handler.event({ type: event.type, object: event.stored.object } as unknown as WatchEvent<T>);
        },
        end(error) {
          if (closed) return;
          closed = true;
          handler.end(error);
        },
      });
      return {
        close() {
          closed = true;
          stop();
        },
      };
    },
    async create<T extends KubeObject>(kind: KindRef<T>, object: T, write?: WriteOptions): Promise<T> {
      const stored = await api.create(
        definitionOf(kind as KindRef),
        object.metadata.namespace,
        object as unknown as AnyObject,
        contextOf(write),
      );
      return stored.object as unknown as T;
    },
    async update<T extends KubeObject>(kind: KindRef<T>, object: T, write?: WriteOptions): Promise<T> {
      const stored = await api.update(
        definitionOf(kind as KindRef),
        keyOf(object),
        object as unknown as AnyObject,
        contextOf(write),
        write?.subresource,
      );
      return stored.object as unknown as T;
    },
    async patch<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey, type: PatchType, patch: unknown, write?: PatchOptions): Promise<T> {
      const context = { ...contextOf(write), ...(write?.force !== undefined && { force: write.force }) };
      const stored = await api.patch(definitionOf(kind as KindRef), key, type, patch, context, write?.subresource);
      return stored.object as unknown as T;
    },
    async delete<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey, deletion: DeleteOptions = {}): Promise<T | undefined> {
      const definition = definitionOf(kind as KindRef);
      const { stored, gone } = await api.delete(definition, key, deletion, contextOf());
      return gone && !definition.returnsDeletedObject ? undefined : (stored.object as unknown as T);
    },
    async deleteCollection<T extends KubeObject>(kind: KindRef<T>, list: ListOptions, deletion: DeleteOptions = {}): Promise<void> {
      await api.deleteCollection(definitionOf(kind as KindRef), list, deletion, contextOf());
    },
    createSubresource(kind: KindRef, key: ObjectKey, subresource: string, body: AnyObject, write?: WriteOptions): Promise<AnyObject> {
      return api.createSubresource(definitionOf(kind), key, subresource, body, contextOf(write));
    },
  };
}
