/** The user of a run, who has one workload, a ConfigMap and a Secret beside it, and nothing between them and the server. */
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { ControllerRevision } from "../api/kinds/controller-revision/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import type { KindRef } from "../api/kind.ts";
import { type AnyObject, type KubeObject, keyOf } from "../api/meta/object.ts";
import type { Client } from "../client/client.ts";
import { controllerUid } from "./checkers/pod-states.ts";
import { contentKey } from "./fates.ts";
import type { History } from "./history.ts";
import type { Network } from "./network.ts";
import { type AnyObjectPatch, sourceNames, type UserStep, undoing } from "./spec.ts";

export interface SimulatedUser {
  readonly client: Client;
  create(): Promise<void>;
  patch(change: AnyObjectPatch): Promise<void>;
  take(step: UserStep): Promise<void>;
}

export interface SimulatedUserOptions {
  readonly network: Network;
  readonly history: History;
  readonly kind: KindRef;
  readonly manifest: AnyObject;
  /** Waits for a second; false: the run is over. */
  wait(): Promise<boolean>;
  note(sentence: string): void;
}

export function createUser({ network, history, kind, manifest, wait, note }: SimulatedUserOptions): SimulatedUser {
  const client = network.directly("user");
  const key = keyOf(manifest);
  const present = (): AnyObject | undefined => history.get(kind, key) as AnyObject | undefined;

  async function orphan(): Promise<void> {
    const before = present();
    if (!before) return;
    await client.delete(kind, key, { propagationPolicy: "Orphan" });
    // The collector has to let go of everything first.
    for (let tries = 0; present() && tries < 600 && (await wait()); tries++);
    const { apiVersion, kind: name, spec } = before;
    if (!present()) await client.create(kind, { apiVersion, kind: name, metadata: manifest.metadata, spec } as KubeObject);
  }

  async function configure({ kind: name, content }: UserStep & { readonly do: "configure" }): Promise<void> {
    const ref = (name === "Secret" ? Secret : ConfigMap) as unknown as KindRef<AnyObject>;
    const place = { namespace: key.namespace as string, name: sourceNames[name] };
    const data = { [contentKey]: name === "Secret" ? btoa(content ?? "") : content };
    const source = history.get(ref, place);
    if (content === null) await (source && client.delete(ref, place));
    else if (source) await client.patch(ref, place, "merge", { data });
    else await client.create(ref, { apiVersion: "v1", kind: name, metadata: place, data });
  }

  /** What `kubectl rollout undo` does to the template. */
  async function undo(back: number): Promise<void> {
    const workload = present();
    const kept = [
      ...history.list(ReplicaSet).map((set) => ({
        number: Number(set.metadata.annotations?.["deployment.kubernetes.io/revision"]),
        owner: controllerUid(set),
        template: withoutHash(set.spec?.template),
      })),
      ...history.list(ControllerRevision).map((revision) => ({
        number: revision.revision,
        owner: controllerUid(revision),
        template: (revision.data as AnyObject).spec?.template,
      })),
    ].filter(({ owner }) => owner === workload?.metadata.uid);
    const chosen = kept.sort((a, b) => b.number - a.number)[back];
    if (!workload || !chosen) return;
    const { $patch: _, ...template } = chosen.template;
    await network.directly(undoing).update(kind, { ...workload, spec: { ...workload.spec, template } } as KubeObject);
  }

  return {
    client,
    create: async () => void (await client.create(kind, manifest)),
    patch: async (change) => void (await client.patch(kind, key, "merge", change)),
    async take(step) {
      switch (step.do) {
        case "patch":
          note(`the user: ${step.why}`);
          await client.patch(kind, key, "merge", step.patch);
          return;
        case "orphan":
          note("the user deletes the workload, but not what it owns, and creates it again");
          return orphan();
        case "configure":
          note(`the user: ${step.why}`);
          return configure(step);
        case "undo":
          note(`the user: undo, ${step.back} back`);
          return undo(step.back);
      }
    },
  };
}

/** A ReplicaSet's template as its Deployment had it. */
function withoutHash(template: AnyObject | any): AnyObject {
  const { "pod-template-hash": _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
