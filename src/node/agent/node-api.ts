/** What the API server asks of this node: logs and streams of its containers (KUB-80). */
import { badRequest, notFound } from "../../api/errors.ts";
import type { NodeApi, PodRef } from "../../api/node-api.ts";
import type { AgentContext } from "./agent-context.ts";
import type { ContainerRecord } from "./container-record.ts";
import { declaredContainers } from "./container-record.ts";
import type { PodWorker } from "./pod/pod-worker.ts";

/** `find` answers with the worker of a Pod by its uid. */
export function nodeApi(context: AgentContext, find: (uid: string) => PodWorker | undefined): NodeApi {
  const { runtime } = context;

  const workerOf = (pod: PodRef): PodWorker => {
    const worker = find(pod.uid);
    if (!worker) throw notFound({ group: "", resource: "pods", name: pod.name });
    return worker;
  };

  const recordOf = (pod: PodRef, container: string): ContainerRecord | undefined => {
    const worker = workerOf(pod);
    if (!declaredContainers(worker.pod).some(({ spec }) => spec.name === container)) {
      throw badRequest(`container ${container} is not valid for pod ${pod.name}`);
    }
    return worker.record(container);
  };

  const runningId = (pod: PodRef, container: string): string => {
    const record = recordOf(pod, container);
    if (record?.state !== "running" || record.id === undefined) throw badRequest(`container not found ("${container}")`);
    return record.id;
  };

  return {
    async logs(pod, options, sink, signal) {
      const record = recordOf(pod, options.container);
      const { container, previous, ...rest } = options;
      if (previous) {
        const id = record?.state === "none" || record?.state === "running" ? record.lastId : (record?.lastId ?? record?.id);
        if (id === undefined) throw badRequest(`previous terminated container "${container}" in pod "${pod.name}" not found`);
        return runtime.logs(id, rest, sink, signal);
      }
      const id = record?.id ?? record?.lastId;
      if (id === undefined) throw badRequest(notStarted(container, pod.name, record));
      return runtime.logs(id, rest, sink, signal);
    },
    async exec(pod, options, streams, signal) {
      const { container, ...rest } = options;
      return runtime.exec(runningId(pod, container), rest, streams, signal);
    },
    async attach(pod, options, streams, signal) {
      const { container, ...rest } = options;
      return runtime.attach(runningId(pod, container), rest, streams, signal);
    },
    async portForward(pod, port) {
      const { sandbox } = workerOf(pod);
      if (sandbox?.state !== "ready")
        throw badRequest(
          `unable to forward port because pod is not running. Current status=${workerOf(pod).pod.status?.phase ?? "Pending"}`,
        );
      return runtime.portForward(sandbox.id, port);
    },
  };
}

/** Why a container has no log yet. */
function notStarted(container: string, pod: string, record: ContainerRecord | undefined): string {
  const where = `container "${container}" in pod "${pod}"`;
  const reason = record?.waiting?.reason;
  if (reason === "ImagePullBackOff") return `${where} is waiting to start: trying and failing to pull image`;
  if (reason === "ErrImagePull" || reason === "ErrImageNeverPull" || reason === "InvalidImageName") {
    return `${where} is waiting to start: image can't be pulled`;
  }
  return `${where} is waiting to start: ${reason ?? (record ? "ContainerCreating" : "PodInitializing")}`;
}
