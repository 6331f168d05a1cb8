/**
 * Replays what a real Kubernetes decided (see the README beside each recording) and compares the state after every step. What the
 * three recordings have in common stands here: operations on a workload `w` and its Pods, one after another.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { KindRef } from "../api/kind.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { type AnyObject, type KubeObject, keyOf } from "../api/meta/object.ts";
import type { Pod as PodObject } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import type { Controller, ControllerDeps } from "../client/controller.ts";
import { isPodActive, isPodReady } from "../machinery/pods.ts";
import { startVirtualControlPlane, type VirtualControlPlane } from "./virtual-control-plane.node.ts";

interface Op {
  readonly op: string;
  readonly spec?: unknown;
  /** Of a template to come, or of the Pods that are meant; `*` or absent: all of them. */
  readonly image?: string;
  readonly count?: number;
  readonly ordinal?: number;
  readonly replicas?: number;
  readonly paused?: boolean;
  readonly rollingUpdate?: unknown;
  readonly updateStrategy?: unknown;
}

interface Scenario {
  readonly seed: number;
  readonly steps: readonly { readonly op: Op; readonly state: unknown }[];
}

export interface Recording {
  /** One scenario a line. */
  readonly file: URL;
  readonly kind: KindRef;
  readonly controllers: readonly ((deps: ControllerDeps) => Controller)[];
  /** What is there before the workload. */
  prepare?(plane: VirtualControlPlane): Promise<void>;
  /** After the workload was created. */
  created?(plane: VirtualControlPlane, seed: number): Promise<void>;
  /** How much time passes after each step. Default 1500 ms. */
  readonly stepMs?: (seed: number) => number;
  /** What was recorded after each step. */
  stateOf(plane: VirtualControlPlane): Promise<unknown>;
}

/** The workload that all recordings are about. */
export const recorded = { namespace: "default", name: "w" } as const;
const stepsOfScenario = 15;

/** The image of a template or a Pod. */
export const imageOf = (template: { spec?: { containers?: { image?: string }[] } } | undefined): string =>
  template?.spec?.containers?.[0]?.image ?? "";

const byName = (a: KubeObject, b: KubeObject): number => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1);

/** What operations change in the workload's spec. */
const changes: Readonly<Record<string, (op: Op) => unknown>> = {
  template: ({ image }) => ({ template: { spec: { containers: [{ name: "c", image }] } } }),
  scale: ({ replicas }) => ({ replicas }),
  pause: ({ paused }) => ({ paused }),
  strategy: ({ rollingUpdate }) => ({ strategy: { rollingUpdate } }),
  "update-strategy": ({ updateStrategy }) => ({ updateStrategy }),
};

/** What operations do to Pods: which, and what. */
const toPods: Readonly<Record<string, { choose(pods: readonly PodObject[], op: Op): readonly PodObject[]; what: PodChange }>> = {
  ready: { choose: (pods, op) => pods.filter((pod) => !isPodReady(pod)).slice(0, op.count), what: "ready" },
  unready: { choose: (pods, op) => pods.filter(isPodReady).slice(0, op.count), what: "unready" },
  kill: { choose: (pods, op) => readyFirst(pods).slice(0, op.count), what: "kill" },
  fail: { choose: (pods, op) => readyFirst(pods).slice(0, op.count), what: "fail" },
  "ordinal-ready": { choose: ofOrdinal, what: "ready" },
  "ordinal-unready": { choose: ofOrdinal, what: "unready" },
  "ordinal-fail": { choose: ofOrdinal, what: "fail" },
  "ordinal-kill": { choose: ofOrdinal, what: "kill" },
};
type PodChange = "ready" | "unready" | "fail" | "kill";

function readyFirst(pods: readonly PodObject[]): PodObject[] {
  return [...pods].sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)));
}

function ofOrdinal(pods: readonly PodObject[], op: Op): PodObject[] {
  return pods.filter(({ metadata }) => metadata.name === `${recorded.name}-${op.ordinal}`);
}

async function changePod({ client, clock }: VirtualControlPlane, pod: PodObject, what: PodChange): Promise<void> {
  if (what === "kill") {
    await client.delete(Pod, keyOf(pod), { gracePeriodSeconds: 0 });
    return;
  }
  const condition = { status: what === "ready" ? "True" : "False", lastTransitionTime: formatTime(clock.now()) };
  const conditions = [
    { type: "Ready", ...condition },
    { type: "ContainersReady", ...condition },
  ];
  const status = { phase: what === "fail" ? "Failed" : "Running", conditions };
  await client.patch(Pod, keyOf(pod), "strategic", { status }, { subresource: "status" });
}

async function act(plane: VirtualControlPlane, kind: KindRef, op: Op): Promise<void> {
  const { client } = plane;
  if (op.op === "create") {
    await client.create(kind, { apiVersion: "apps/v1", kind: kind.kind, metadata: { ...recorded }, spec: op.spec } as AnyObject);
    return;
  }
  const change = changes[op.op];
  if (change) {
    await client.patch(kind, recorded, "merge", { spec: change(op) });
    return;
  }
  const harm = toPods[op.op];
  assert.ok(harm, `the recording has an operation "${op.op}" that this test does not know`);
  const { items } = await client.list(Pod, { namespace: recorded.namespace });
  const isMeant = (pod: PodObject): boolean => op.image === undefined || op.image === "*" || imageOf(pod as never) === op.image;
  const pods = items.filter((pod) => isPodActive(pod) && isMeant(pod)).sort(byName);
  await Promise.all(harm.choose(pods, op).map((pod) => changePod(plane, pod, harm.what)));
}

/** The first step that comes out otherwise than recorded, in words. */
async function differenceOf(recording: Recording, { seed, steps }: Scenario): Promise<string | undefined> {
  const plane = await startVirtualControlPlane({ controllers: recording.controllers, seed });
  await recording.prepare?.(plane);
  try {
    for (const [index, { op, state }] of steps.entries()) {
      await act(plane, recording.kind, op);
      if (index === 0) await recording.created?.(plane, seed);
      await plane.clock.advance(recording.stepMs?.(seed) ?? 1500);
      try {
        assert.deepEqual(await recording.stateOf(plane), state);
      } catch (error) {
        return `seed ${seed}, step ${index}, ${JSON.stringify(op)}: ${(error as Error).message}`;
      }
    }
  } finally {
    await plane.stop();
  }
  return undefined;
}

/** Registers the test that replays a recording. */
export function replays(recording: Recording): void {
  const scenarios: Scenario[] = readFileSync(recording.file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  test(`every step of ${scenarios.length} recorded scenarios of a ${recording.kind.kind} comes out as Kubernetes decided`, async () => {
    assert.ok(scenarios.every(({ steps }) => steps.length === stepsOfScenario));
    const differences: string[] = [];
    for (const scenario of scenarios) {
      const difference = await differenceOf(recording, scenario);
      if (difference !== undefined) differences.push(difference);
    }
    assert.equal(differences.length, 0, `${differences.length} scenarios differ; the first:\n${differences.slice(0, 3).join("\n")}`);
  });
}
