/**
 * The API as a Go client speaks it, for checks that follow the official conformance tests: typed writes go out as protobuf,
 * dynamic ones and patches as JSON, watches are read line by line.
 */
import assert from "node:assert/strict";
import { Agent, type RequestOptions, request } from "node:https";
import { inspect } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import { decodeProtobuf, encodeProtobuf } from "../../src/api/protobuf/protobuf.ts";
import { until } from "../harness/until.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body read as its content type says; the text where it is none of the API's forms. */
  readonly body: any;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** How an object travels. Default protobuf for the API's own kinds, as typed clients send them. */
  readonly as?: "json" | "protobuf";
  /** Speaks for somebody else. */
  readonly impersonate?: { readonly user: string; readonly groups?: readonly string[] };
  /** A bearer token in place of the administrator's certificate; null for nobody. */
  readonly token?: string | null;
}

export type PatchForm = "json" | "merge" | "strategic" | "apply";

export interface WatchedEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: any;
}

export interface Watching {
  readonly events: readonly WatchedEvent[];
  /** Resolves with the first event, from the start or after the last one that was taken, of which `holds` is true. */
  take(what: string, holds: (event: WatchedEvent) => boolean): Promise<WatchedEvent>;
  /** The next event of this type whose object has this name. */
  takeOf(type: WatchedEvent["type"], name: string): Promise<WatchedEvent>;
  /** Resolves when the server ends the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

export interface Wire {
  /** Any request. Never throws for what the server answers. */
  ask(method: string, path: string, body?: unknown, options?: AskOptions): Promise<Answer>;
  get(path: string, options?: AskOptions): Promise<any>;
  /** POST; must answer 201. */
  create(path: string, object: unknown, options?: AskOptions): Promise<any>;
  /** PUT; must answer 200. */
  update(path: string, object: unknown, options?: AskOptions): Promise<any>;
  patch(path: string, form: PatchForm, patch: unknown, options?: AskOptions): Promise<any>;
  /** DELETE, of one object or of a collection; must answer 200 or 202. */
  remove(path: string, options?: unknown): Promise<any>;
  /** The request must be refused so. Resolves with the Status. */
  refused(code: number, method: string, path: string, body?: unknown, options?: AskOptions): Promise<any>;
  /** Resolves once the server has taken the watch. */
  watch(path: string): Promise<Watching>;
  /** Waits until the object at `path` is there and `holds` is true of it. */
  until(what: string, path: string, holds: (object: any) => unknown): Promise<any>;
  /** Waits until there is nothing at `path`. */
  gone(path: string): Promise<void>;
  close(): void;
}

/** The engine is in this process. */
const look = { lookEveryMs: 10 };
const protobufType = "application/vnd.kubernetes.protobuf";
const patchTypes: Record<PatchForm, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** Speaks to the server of a kubeconfig as its current user. */
export function wireOf(kubeconfig: string): Wire {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  const decoded = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, "base64"));
  const ca = decoded(cluster?.caData);
  const administrator = new Agent({ ca, cert: decoded(user?.certData), key: decoded(user?.keyData), keepAlive: true });
  const others = new Agent({ ca, keepAlive: true });

  const optionsFor = (method: string, headers: Record<string, string>, options: AskOptions): RequestOptions => {
    if (options.impersonate) headers["impersonate-user"] = options.impersonate.user;
    const groups = options.impersonate?.groups ?? [];
    if (options.token) headers["authorization"] = `Bearer ${options.token}`;
    return {
      method,
      agent: options.token === undefined ? administrator : others,
      headers: { ...headers, ...(groups.length > 0 && { "impersonate-group": groups as string[] }), ...options.headers },
    };
  };

  const ask: Wire["ask"] = (method, path, body, options = {}) =>
    new Promise((resolve, reject) => {
      const headers: Record<string, string> = { accept: `${protobufType},application/json` };
      let bytes: Uint8Array | undefined;
      if (body !== undefined) {
        const isProtobuf = options.as !== "json" && method !== "PATCH" && typeof body === "object" && body !== null && "kind" in body;
        headers["content-type"] = isProtobuf ? protobufType : "application/json";
        bytes = isProtobuf ? encodeProtobuf(body as never) : Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
        headers["content-length"] = String(bytes.length);
      }
      const asked = request(`${cluster?.server}${path}`, optionsFor(method, headers, options), (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () => {
          const type = String(response.headers["content-type"] ?? "");
          const all = Buffer.concat(pieces);
          const read = type.startsWith(protobufType)
            ? decodeProtobuf(all)
            : type.includes("json") && all.length > 0
              ? JSON.parse(all.toString("utf8"))
              : all.toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: read });
        });
      });
      asked.on("error", reject);
      asked.end(bytes);
    });

  const must = async (codes: readonly number[], method: string, path: string, body?: unknown, options?: AskOptions): Promise<any> => {
    const answer = await ask(method, path, body, options);
    assert.ok(codes.includes(answer.status), `${method} ${path}: ${answer.status} ${inspect(answer.body?.message ?? answer.body)}`);
    return answer.body;
  };

  const wire: Wire = {
    ask,
    get: (path, options) => must([200], "GET", path, undefined, options),
    create: (path, object, options) => must([201], "POST", path, object, options),
    update: (path, object, options) => must([200], "PUT", path, object, options),
    patch: (path, form, patch, options = {}) =>
      must([200, 201], "PATCH", path, patch, { ...options, headers: { "content-type": patchTypes[form], ...options.headers } }),
    remove: (path, options) => must([200, 202], "DELETE", path, options),
    async refused(code, method, path, body, options) {
      const answer = await ask(method, path, body, options);
      assert.equal(answer.status, code, `${method} ${path}: ${inspect(answer.body?.message ?? answer.body)}`);
      assert.equal(answer.body.kind, "Status");
      return answer.body;
    },
    watch: (path) =>
      new Promise((resolve, reject) => {
        const events: WatchedEvent[] = [];
        let taken = 0;
        let text = "";
        const separator = path.includes("?") ? "&" : "?";
        const options = optionsFor("GET", { accept: "application/json" }, {});
        const asked = request(`${cluster?.server}${path}${separator}watch=true`, { ...options, agent: streams() }, (response) => {
          response.setEncoding("utf8");
          const ended = new Promise<void>((done) => response.on("close", () => done()));
          response.on("data", (piece: string) => {
            text += piece;
            for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
              events.push(JSON.parse(text.slice(0, end)));
              text = text.slice(end + 1);
            }
          });
          if (response.statusCode !== 200) {
            void ended.then(() => reject(new Error(`WATCH ${path}: ${response.statusCode} ${text}`)));
            return;
          }
          const take: Watching["take"] = (what, holds) =>
            until(
              `event: ${what}`,
              () => {
                for (let index = taken; index < events.length; index++) {
                  if (!holds(events[index] as WatchedEvent)) continue;
                  taken = index + 1;
                  return events[index] as WatchedEvent;
                }
                return undefined;
              },
              look,
            );
          resolve({
            events,
            ended,
            take,
            takeOf: (type, name) => take(`${type} ${name}`, (event) => event.type === type && event.object.metadata?.name === name),
            close: () => asked.destroy(),
          });
        });
        asked.on("error", (error) => (taken === 0 && events.length === 0 ? reject(error) : undefined));
        asked.end();
      }),
    until: (what, path, holds) =>
      until(
        what,
        async () => {
          const { status, body } = await ask("GET", path);
          assert.equal(status, 200, `GET ${path}`);
          assert.ok(await holds(body), inspect({ spec: body.spec, status: body.status, items: body.items?.length }, { depth: 4 }));
          return body;
        },
        look,
      ),
    async gone(path) {
      await until(`${path} is gone`, async () => (await ask("GET", path)).status === 404, look);
    },
    close() {
      administrator.destroy();
      others.destroy();
      for (const agent of opened) agent.destroy();
    },
  };
  // A watch holds its connection for good, so each has one of its own.
  const opened: Agent[] = [];
  function streams(): Agent {
    const agent = new Agent({ ca, cert: decoded(user?.certData), key: decoded(user?.keyData) });
    opened.push(agent);
    return agent;
  }
  return wire;
}
