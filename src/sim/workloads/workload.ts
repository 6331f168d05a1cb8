/**
 * What the simulation has to know of a kind of workload: how its manifests and its users' requests are drawn, which controllers act
 * on it, and which promises are checked. A further kind, or a further controller with promises of its own, is one more of these.
 */
import type { KindRef } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { type Random, randomInt, randomPick } from "../../base/random.ts";
import type { Controller, ControllerDeps } from "../../client/controller.ts";
import type { MakeChecker } from "../checkers/checker.ts";
import type { AnyObjectPatch, NodeFault, Spec, UserStep } from "../spec.ts";

/** A controller of a world, or several that are known as one. Its name is what traces and checkers know it by. */
export interface Actor {
  readonly name: string;
  make(deps: ControllerDeps): Controller | readonly Controller[];
}

export interface Workload {
  /** As `--kind` says it. */
  readonly name: string;
  readonly kind: KindRef;
  readonly actors: readonly Actor[];
  readonly checkers: readonly MakeChecker[];
  /** Which harm may come to nodes while it runs. */
  readonly nodeHarms: readonly NodeFault["harm"][];
  drawManifest(random: Random): AnyObject;
  /** What a user may do next. */
  drawStep(random: Random, drawn: Drawn): UserStep;
  /** What the user says when all faults are over, so that everything can become well. */
  finish(spec: Spec): AnyObjectPatch;
  /** Whether its user has to remove broken Pods by hand before the controller goes on (STS-23). */
  readonly needsAHand: (manifest: AnyObject) => boolean;
  /** What must be so some time after a template whose image can't be pulled; a sentence where it is not. Absent: nobody promises anything. */
  readonly stuck?: MakeChecker;
  /** Present: the controllers of releases run beside the others. */
  readonly releases?: Releases;
}

/** What a world in which releases are looked after has beyond others. */
export interface Releases {
  readonly actors: readonly Actor[];
  /** What brings configuration into a state in which everything can become well: before the workload is made, and when faults are over. */
  readonly configuration: readonly UserStep[];
  /** What must be so when faults are over and nobody has said anything yet. */
  readonly verdicts: readonly MakeChecker[];
  /** A template that can't succeed; undefined: this manifest does not ask for a rollback. */
  badTemplate(manifest: AnyObject): AnyObjectPatch | undefined;
}

/** What was drawn so far of a run. */
export interface Drawn {
  readonly manifest: AnyObject;
  /** Images in the order in which they were rolled out. */
  readonly images: string[];
  readonly atMs: number;
}

const workloadName = "web";
export const finalImage = "v9";
const labels = { app: workloadName };

/** A manifest of a kind around what is its own. */
export const manifestOf = (kind: string, spec: AnyObjectPatch): AnyObject => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { namespace: "default", name: workloadName },
  spec: { selector: { matchLabels: labels }, ...spec },
});

/** A Pod template, as a manifest or a merge patch has it. */
export const templateOf = (image: string, restartedAt?: string) => ({
  metadata: { labels, annotations: { "kubectl.kubernetes.io/restartedAt": restartedAt ?? null } },
  spec: { containers: [{ name: "app", image }] },
});

/** The first template: nothing to take away yet. */
export const firstTemplate = { metadata: { labels }, spec: { containers: [{ name: "app", image: "v0" }] } };

/** A new template, one of before, or the same once more. */
export function drawTemplate(random: Random, { images, atMs }: Drawn): UserStep {
  const what = randomInt(random, 0, 5);
  if (what === 0) {
    const patch = { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": `${atMs}` } } } } };
    return { do: "patch", why: "restart", patch };
  }
  const former = images.at(-2);
  const suffix = randomPick(random, ["", "", "", "", "-slow", "-bad", "-crash"]);
  const image = what === 1 && former !== undefined ? former : `v${images.length}${suffix}`;
  images.push(image);
  return { do: "patch", why: image === former ? `undo to ${image}` : `image ${image}`, patch: { spec: { template: templateOf(image) } } };
}

/** Another number of replicas. */
export const drawScale = (random: Random, max: number): UserStep => {
  const replicas = randomInt(random, 0, max);
  return { do: "patch", why: `scale to ${replicas}`, patch: { spec: { replicas } } };
};
