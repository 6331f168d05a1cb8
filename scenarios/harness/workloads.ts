/** What scenarios ask of Deployments and their Pods, read from the API. */
import { apps, core, type Engine } from "./engine.ts";
import { type UntilOptions, until } from "./until.ts";

export interface ReplicaSetView {
  readonly name: string;
  readonly revision: string;
  readonly desired: number;
  readonly current: number;
  readonly ready: number;
  readonly image: string;
  readonly version: string;
}

/** ReplicaSets of an app, in the order of their revisions. */
export async function replicaSets(engine: Engine, app = "vweb"): Promise<ReplicaSetView[]> {
  const { items } = await engine.read(`${apps}/replicasets?labelSelector=app%3D${app}`);
  return (items as any[])
    .map((set) => ({
      name: set.metadata.name as string,
      revision: set.metadata.annotations["deployment.kubernetes.io/revision"] as string,
      desired: set.spec.replicas as number,
      current: (set.status.replicas ?? 0) as number,
      ready: (set.status.readyReplicas ?? 0) as number,
      image: set.spec.template.spec.containers[0].image as string,
      version: set.spec.template.metadata.labels.version as string,
    }))
    .sort((a, b) => Number(a.revision) - Number(b.revision));
}

/** Waits until a Deployment is as its spec says and no Pod of an earlier revision is left. Resolves with its Pods. */
export async function rolledOut(engine: Engine, deployment = "vweb", app = deployment, options?: UntilOptions): Promise<any[]> {
  return until(
    `${deployment} is rolled out`,
    async () => {
      const { metadata, spec, status } = await engine.read(`${apps}/deployments/${deployment}`);
      const all = await pods(engine, `app=${app}`);
      const isDone =
        status.observedGeneration === metadata.generation &&
        status.updatedReplicas === spec.replicas &&
        status.availableReplicas === spec.replicas &&
        status.replicas === spec.replicas;
      return isDone && all.every(({ metadata }) => metadata.deletionTimestamp === undefined) && all;
    },
    options,
  );
}

/** Pods that a label selector takes, in namespace `default`. */
export async function pods(engine: Engine, selector: string): Promise<any[]> {
  const { items } = await engine.read(`${core}/pods?labelSelector=${encodeURIComponent(selector)}`);
  return items;
}

/** Waits until a Pod is Ready. Resolves with it. */
export function podReady(engine: Engine, name: string, options?: UntilOptions): Promise<any> {
  return until(
    `Pod ${name} is ready`,
    async () => {
      const pod = await engine.read(`${core}/pods/${name}`);
      return pod.status.conditions?.some(({ type, status }: any) => type === "Ready" && status === "True") ? pod : undefined;
    },
    options,
  );
}

/** Waits until a Pod has ended. Resolves with it. */
export function podEnded(engine: Engine, name: string, options?: UntilOptions): Promise<any> {
  return until(
    `Pod ${name} has ended`,
    async () => {
      const pod = await engine.read(`${core}/pods/${name}`);
      return ["Succeeded", "Failed"].includes(pod.status.phase) ? pod : undefined;
    },
    options,
  );
}
