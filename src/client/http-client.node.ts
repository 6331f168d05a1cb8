/** The client over HTTP: any Kubernetes cluster that a kubeconfig names. Objects come out frozen, as from the in-process one. */
import { ApiError } from "../api/errors.ts";
import { apiVersionOf, type KindRef } from "../api/kind.ts";
import type { AnyObject, KubeObject, ObjectKey, WatchEvent } from "../api/meta/object.ts";
import type { DeleteOptions, Status } from "../api/types.ts";
import { deepFreeze } from "../machinery/freeze.ts";
import {
  type Client,
  ConnectionError,
  type List,
  type ListOptions,
  type PatchOptions,
  type PatchType,
  type Watch,
  type WatchHandler,
  type WatchOptions,
  type WriteOptions,
} from "./client.ts";
import { lineSplitter } from "./lines.ts";
import { pathOf, queryText } from "./paths.ts";
import type { Transport } from "./transport.ts";

const patchMediaTypes: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};
const json = { "content-type": "application/json" };

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface HttpClientOptions {
  readonly transport: Transport;
  /** The manager that managedFields name, unless a write names another. */
  readonly fieldManager: string;
}

/** A client over a transport, which stays the caller's to close. */
export function httpClient({ transport, fieldManager }: HttpClientOptions): Client {
  const send = async (method: string, path: string, body?: unknown, contentType = json["content-type"]): Promise<any> => {
    const { body: bytes } = await transport.must({
      method,
      path,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": contentType } }),
    });
    try {
      return JSON.parse(Buffer.from(bytes).toString("utf8"));
    } catch (error) {
      throw new ConnectionError(`the server's answer to ${method} ${path} is not JSON`, { cause: error });
    }
  };
  const writing = (options: WriteOptions = {}): Query => ({
    fieldManager: options.fieldManager ?? fieldManager,
    dryRun: options.dryRun ? "All" : undefined,
    fieldValidation: options.fieldValidation,
  });
  const keyIn = (object: KubeObject): ObjectKey => {
    const { name = "", namespace } = object.metadata;
    return namespace === undefined ? { name } : { namespace, name };
  };

  return {
    async get<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey, options?: { readonly subresource?: string }): Promise<T> {
      return deepFreeze(await send("GET", pathOf(kind, key.namespace, key.name, options?.subresource)));
    },
    async list<T extends KubeObject>(kind: KindRef<T>, options: ListOptions = {}): Promise<List<T>> {
      const { namespace, ...query } = options;
      const answer = await send("GET", pathOf(kind, namespace) + queryText(query));
      const items: T[] = answer.items ?? [];
      // The items of a list do not say what they are; the list does.
      for (const item of items) {
        item.apiVersion ??= apiVersionOf(kind);
        item.kind ??= kind.kind;
        deepFreeze(item);
      }
      const { resourceVersion = "", continue: token } = answer.metadata ?? {};
      return { items, resourceVersion, ...(token && { continue: token }) };
    },
    watch<T extends KubeObject>(kind: KindRef<T>, options: WatchOptions, handler: WatchHandler<T>): Watch {
      const { namespace, ...query } = options;
      const all = { ...query, watch: true, ...(options.sendInitialEvents && { resourceVersionMatch: "NotOlderThan" }) };
      let over = false;
      const end = (error?: Error): void => {
        if (over) return;
        over = true;
        stream.close();
        handler.end(error);
      };
      // One that throws has lost an event: its watch ends, as in process, and the connection's own code goes on unharmed.
      const tell = (event: WatchEvent<T>): void => {
        try {
          handler.event(event);
        } catch (error) {
          end(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const lines = lineSplitter((line) => {
        if (over) return;
        let event: { type: string; object: any };
        try {
          event = JSON.parse(line);
        } catch (error) {
          end(new ConnectionError(`a watch of ${kind.plural} sent something that is not JSON`, { cause: error }));
          return;
        }
        if (event.type === "ERROR") end(new ApiError(event.object as Status));
        else tell(deepFreeze(event) as WatchEvent<T>);
      });
      const stream = transport.stream(
        { method: "GET", path: pathOf(kind, namespace) + queryText(all) },
        {
          data(chunk) {
            if (!lines.push(chunk)) end(new ConnectionError(`a watch of ${kind.plural} sent an event without an end`));
          },
          end,
        },
      );
      return {
        close() {
          over = true;
          stream.close();
        },
      };
    },
    async create<T extends KubeObject>(kind: KindRef<T>, object: T, options?: WriteOptions): Promise<T> {
      const path = pathOf(kind, object.metadata.namespace, undefined, options?.subresource);
      return deepFreeze(await send("POST", path + queryText(writing(options)), object));
    },
    async update<T extends KubeObject>(kind: KindRef<T>, object: T, options?: WriteOptions): Promise<T> {
      const { namespace, name } = keyIn(object);
      return deepFreeze(await send("PUT", pathOf(kind, namespace, name, options?.subresource) + queryText(writing(options)), object));
    },
    async patch<T extends KubeObject>(
      kind: KindRef<T>,
      key: ObjectKey,
      type: PatchType,
      patch: unknown,
      options?: PatchOptions,
    ): Promise<T> {
      const path = pathOf(kind, key.namespace, key.name, options?.subresource);
      const query = { ...writing(options), force: options?.force };
      return deepFreeze(await send("PATCH", path + queryText(query), patch, patchMediaTypes[type]));
    },
    async delete<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey, options: DeleteOptions = {}): Promise<T | undefined> {
      const answer = await send("DELETE", pathOf(kind, key.namespace, key.name), deleteBody(options));
      return answer.kind === "Status" && answer.apiVersion === "v1" ? undefined : deepFreeze(answer);
    },
    async deleteCollection<T extends KubeObject>(kind: KindRef<T>, options: ListOptions, deletion: DeleteOptions = {}): Promise<void> {
      const { namespace, ...query } = options;
      await send("DELETE", pathOf(kind, namespace) + queryText(query), deleteBody(deletion));
    },
    async createSubresource(
      kind: KindRef,
      key: ObjectKey,
      subresource: string,
      body: AnyObject,
      options?: WriteOptions,
    ): Promise<AnyObject> {
      const path = pathOf(kind, key.namespace, key.name, subresource);
      return deepFreeze(await send("POST", path + queryText(writing(options)), body));
    },
  };
}

const deleteBody = (options: DeleteOptions): DeleteOptions => ({ apiVersion: "v1", kind: "DeleteOptions", ...options });
