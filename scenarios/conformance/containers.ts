/**
 * The stage of checks that need real containers: one engine for a file of them, and Pods as the official tests build them, small shells
 * that say what they see and end. All Pods of a file are made at once; each check then reads its own.
 */
import assert from "node:assert/strict";
import { core, type Engine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";

/** The image with a shell in it. It is not pulled: the engine has it. */
export const shellImage = { image: "kiamol/ch03-sleep", imagePullPolicy: "Never" };

const patienceMs = 60_000;

/** A container that runs a line of sh. */
export const shellContainer = (line: string, more: Record<string, unknown> = {}): any => ({
  name: "main",
  ...shellImage,
  command: ["sh", "-c", line],
  ...more,
});

/** A line that goes on until it is asked to end. */
export const waitForEver = "trap 'exit 0' TERM; while true; do sleep 0.2; done";

/** A Pod of namespace `default` unless told otherwise. */
export const podOf = (
  name: string,
  containers: readonly any[],
  spec: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...metadata },
  spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers, ...spec },
});

/** Creates objects, all at once. */
export async function create(engine: Engine, objects: readonly unknown[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await engine.run("kubectl create -f -", { input: list });
}

export const readPod = (engine: Engine, name: string, namespace = "default"): Promise<any> =>
  engine.read(`/api/v1/namespaces/${namespace}/pods/${name}`);

/** Waits until a Pod has succeeded and returns what a container of it has said. */
export async function outputOf(engine: Engine, name: string, container = "main", namespace = "default"): Promise<string> {
  const pod = await until(
    `Pod ${name} has ended`,
    async () => {
      const seen = await readPod(engine, name, namespace);
      return ["Succeeded", "Failed"].includes(seen.status.phase) && seen;
    },
    { withinMs: patienceMs },
  );
  const said = await engine.run(`kubectl logs -n ${namespace} ${name} -c ${container}`);
  assert.equal(pod.status.phase, "Succeeded", `${JSON.stringify(pod.status)}\n${said}`);
  return said;
}

/** Waits until a Pod of namespace `default` is as `look` wants it. */
export const podWhere = (engine: Engine, name: string, what: string, look: (pod: any) => unknown, withinMs = patienceMs): Promise<any> =>
  until(
    `Pod ${name} ${what}`,
    async () => {
      const pod = await engine.read(`${core}/pods/${name}`);
      return look(pod) ? pod : undefined;
    },
    { withinMs },
  );

export const isReady = (pod: any): boolean =>
  pod.status.conditions?.some(({ type, status }: any) => type === "Ready" && status === "True") === true;

/** A line that runs in a container of a running Pod. */
export const inside = (engine: Engine, name: string, line: string, container = "main"): Promise<string> =>
  engine.run(`kubectl exec ${name} -c ${container} -- sh -c "$LINE"`, { environment: { LINE: line } });

/** One check of a table: a Pod that says something and ends. */
export interface Saying {
  /** The sentence of the official test. */
  readonly sentence: string;
  readonly line: string;
  readonly says: string | RegExp | ((engine: Engine) => Promise<string>);
  readonly container?: Record<string, unknown>;
  readonly spec?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
}

/** The Pods of a table, named by their places in it. */
export const podsOfTable = (prefix: string, table: readonly Saying[]): any[] =>
  table.map(({ line, container, spec, metadata }, index) => podOf(`${prefix}-${index}`, [shellContainer(line, container)], spec, metadata));

/** Compares what the Pod of a row has said. */
export async function checkSaying(engine: Engine, prefix: string, index: number, { says }: Saying): Promise<void> {
  const said = await outputOf(engine, `${prefix}-${index}`);
  if (says instanceof RegExp) assert.match(said, says);
  else assert.equal(said, typeof says === "string" ? says : await says(engine));
}
