/** What the tests of the server's core stand on: the real kinds over a memory store in virtual time. */
import assert from "node:assert/strict";
import { ApiError } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { findKind, kinds } from "../../api/registry.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { settle } from "../../base/settle.node.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { openMemoryStore } from "../../store/memory-store.ts";
import type { ApiWatchOptions, RequestContext } from "../api.ts";
import { type ApiOptions, createApi } from "./api.ts";

export const context: RequestContext = { user: { name: "tester", groups: ["system:masters"] }, fieldManager: "test" };

/** A kind that must be served, such as ("apps", "deployments"). */
export function served(group: string, plural: string, version = "v1"): KindDefinition {
  const kind = findKind(group, version, plural);
  assert.ok(kind, `${group}/${version} ${plural} is served`);
  return kind;
}

export const pods = served("", "pods");
export const services = served("", "services");
export const configMaps = served("", "configmaps");
export const namespaces = served("", "namespaces");
export const serviceAccounts = served("", "serviceaccounts");
export const deployments = served("apps", "deployments");

export const inDefault = (name: string) => ({ namespace: "default", name });

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): AnyObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});

export const pod = (name: string, spec: object = {}, metadata: object = {}): AnyObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: "web" }, ...metadata },
  spec: { containers: [{ name: "app", image: "web:v1" }], ...spec },
});

export const service = (name: string, spec: object = {}): AnyObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: "web" }, ports: [{ port: 80 }], ...spec },
});

export const deployment = (name: string, replicas = 3): AnyObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app", image: "web:v1" }] } },
  },
});

/** A fresh API with the namespace `default` and its service account. */
export async function startApi(options: Partial<ApiOptions> & { readonly historyMax?: number } = {}) {
  const clock = new VirtualClock(settle);
  const store = openMemoryStore(options.historyMax === undefined ? {} : { historyMax: options.historyMax });
  const api = createApi({ store, kinds, world: { clock, random: seededRandom(7), log: silentLog }, ...options });
  await api.create(namespaces, undefined, { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } }, context);
  await api.create(serviceAccounts, "default", { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }, context);
  return { api, clock, store };
}

/** Watches and remembers, as `TYPE name`. */
export function record(api: Awaited<ReturnType<typeof startApi>>["api"], kind: KindDefinition, options: ApiWatchOptions = {}) {
  const seen: string[] = [];
  const objects: AnyObject[] = [];
  const ends: (Error | undefined)[] = [];
  const stop = api.watch(kind, options, {
    event({ type, stored }) {
      seen.push(type === "BOOKMARK" ? type : `${type} ${stored.object.metadata.name}`);
      objects.push(stored.object);
    },
    end: (error) => void ends.push(error),
  });
  return { seen, objects, ends, stop };
}

/** For `assert.rejects`: an `ApiError` of this code whose message matches. */
export const refusal = (code: number, message: RegExp | string) => (error: unknown) => {
  assert.ok(error instanceof ApiError, String(error instanceof Error ? error.stack : error));
  if (typeof message === "string") assert.equal(error.message, message);
  else assert.match(error.message, message);
  assert.equal(error.code, code, error.message);
  return true;
};

export const parseBytes = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
