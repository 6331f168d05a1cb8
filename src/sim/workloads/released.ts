/**
 * A workload as somebody has it who lets Windlass look after its releases: with the annotations of automatic rollback and of
 * configuration revisions, a ConfigMap and a Secret that its template names, and a user who makes mistakes.
 */
import type { AnyObject } from "../../api/meta/object.ts";
import { type Random, randomInt, randomPick } from "../../base/random.ts";
import { configurationControllers } from "../../release/configuration/index.ts";
import { releaseRecorders } from "../../release/records/recorder.ts";
import { rollbackControllers } from "../../release/rollback/index.ts";
import { automaticRollback, rollbackVerdict } from "../checkers/automatic-rollback.ts";
import { configurationRevisions, configurationVerdict } from "../checkers/configuration-revisions.ts";
import { releaseHistory } from "../checkers/release-history.ts";
import { type AnyObjectPatch, sourceNames, type UserStep } from "../spec.ts";
import { type Drawn, finalImage, templateOf, type Workload } from "./workload.ts";

/** What the templates of these worlds name, in the order of `namedConfiguration`. */
const references = { envFrom: [{ configMapRef: { name: sourceNames.ConfigMap } }, { secretRef: { name: sourceNames.Secret } }] };
const goodContent = "c0";
/** It starts and never gets ready, and does not crash: nothing is certain until its deadline. */
const imageEnds = ["", "", "", "-slow", "-bad", "-bad", "-crash", "-sleepy"];

/** The same patch, or manifest, with a template that names configuration, where it has a template with containers. */
function withReferences<T extends AnyObjectPatch>(patch: T): T {
  const containers = patch.spec?.template?.spec?.containers;
  if (!containers) return patch;
  const [first, ...others] = containers;
  const spec = { ...patch.spec.template.spec, containers: [{ ...first, ...references }, ...others] };
  return { ...patch, spec: { ...patch.spec, template: { ...patch.spec.template, spec } } };
}

const configure = (kind: "ConfigMap" | "Secret", content: string | null): UserStep => ({
  do: "configure",
  why: content === null ? `deletes the ${kind}` : `the ${kind} says ${content}`,
  kind,
  content,
});

function drawAnnotations(random: Random): Record<string, string> {
  const policy = randomPick(random, ["on-certain-failure", "on-certain-failure", "on-failure", undefined]);
  const deadline = randomPick(random, [undefined, "45s", "2m"]);
  const provenAfter = randomPick(random, [undefined, "0", "30"]);
  const follow = policy === undefined ? "true" : randomPick(random, ["true", "true", "settings", undefined]);
  return {
    ...(policy !== undefined && { "windlass.dev/auto-rollback": policy }),
    ...(deadline !== undefined && { "windlass.dev/progress-deadline": deadline }),
    ...(provenAfter !== undefined && { "windlass.dev/proven-after-seconds": provenAfter }),
    ...(follow !== undefined && { "windlass.dev/config-revisions": follow }),
  };
}

function drawConfiguration(random: Random, { atMs }: Drawn): UserStep {
  const kind = randomPick(random, ["ConfigMap", "ConfigMap", "Secret"] as const);
  const content = randomPick(random, [`c${atMs}`, `c${atMs}`, goodContent, kind === "ConfigMap" ? `c${atMs}-bad` : `c${atMs}`, null]);
  return configure(kind, content);
}

function drawImage(random: Random, { images }: Drawn): UserStep {
  const present = images.at(-1) as string;
  const image = randomPick(random, [present, ...imageEnds.slice(1).map((end) => `v${images.length}${end}`)]);
  images.push(image);
  const why = image === present ? "applies the same again" : `image ${image}`;
  return { do: "patch", why, patch: withReferences({ spec: { template: templateOf(image) } }) };
}

const asksForRollback = ({ metadata }: AnyObject): boolean => metadata.annotations?.["windlass.dev/auto-rollback"] !== undefined;

/** A plain workload with releases. */
export const released = (plain: Workload): Workload => ({
  ...plain,
  name: `released-${plain.name}`,
  checkers: [automaticRollback, configurationRevisions, releaseHistory, ...plain.checkers],
  drawManifest(random) {
    const manifest = withReferences(plain.drawManifest(random));
    return { ...manifest, metadata: { ...manifest.metadata, annotations: drawAnnotations(random) } };
  },
  drawStep(random, drawn) {
    const what = randomInt(random, 0, 9);
    if (what <= 3) return drawImage(random, drawn);
    if (what <= 5) return drawConfiguration(random, drawn);
    if (what === 6) return { do: "undo", back: randomInt(random, 1, 2) };
    const step = plain.drawStep(random, drawn);
    return step.do === "patch" ? { ...step, patch: withReferences(step.patch) } : step;
  },
  finish: (spec) => withReferences(plain.finish(spec)),
  // Who asks for a rollback is promised that nothing is left blocked.
  needsAHand: (manifest) => plain.needsAHand(manifest) && !asksForRollback(manifest),
  releases: {
    actors: [
      { name: "release-recorder", make: releaseRecorders },
      { name: "rollback", make: rollbackControllers },
      { name: "configuration", make: configurationControllers },
    ],
    configuration: [configure("ConfigMap", goodContent), configure("Secret", goodContent)],
    verdicts: [rollbackVerdict, configurationVerdict],
    badTemplate: (manifest) =>
      asksForRollback(manifest) ? withReferences({ spec: { template: templateOf(`${finalImage}-bad`) } }) : undefined,
  },
});
