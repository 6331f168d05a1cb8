/** What `rollout status` says of a workload, line by line as kubectl does (KR-1 … KR-5). One entry per kind. */
import type { DaemonSet, Deployment, StatefulSet } from "../../api/types.ts";
import { CommandError } from "../errors.ts";

export interface StatusLine {
  readonly text: string;
  readonly isDone: boolean;
}

/** Says how far the rollout is. Throws `CommandError` for one that failed, or that can't be told. */
export type StatusText = (object: any, revision: number) => StatusLine;

const waiting = (text: string): StatusLine => ({ text, isDone: false });
const done = (text: string): StatusLine => ({ text, isDone: true });

const isUnseen = ({ metadata, status }: { metadata: { generation?: number }; status?: { observedGeneration?: number } }): boolean =>
  (metadata.generation ?? 0) > (status?.observedGeneration ?? 0);

const deployment: StatusText = (object: Deployment, revision) => {
  const { metadata, spec, status } = object;
  const name = JSON.stringify(metadata.name);
  const running = Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
  if (revision > 0 && running !== revision)
    throw new CommandError(`desired revision (${revision}) is different from the running revision (${running})`);
  if (isUnseen(object)) return waiting("Waiting for deployment spec update to be observed...");
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, conditions = [] } = status ?? {};
  if (conditions.some(({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded"))
    throw new CommandError(`deployment ${name} exceeded its progress deadline`);
  const waits = `Waiting for deployment ${name} rollout to finish:`;
  if (updatedReplicas < (spec?.replicas ?? 1))
    return waiting(`${waits} ${updatedReplicas} out of ${spec?.replicas ?? 1} new replicas have been updated...`);
  if (replicas > updatedReplicas) return waiting(`${waits} ${replicas - updatedReplicas} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas)
    return waiting(`${waits} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  return done(`deployment ${name} successfully rolled out`);
};

function onlyRollingUpdate(type: string | undefined): void {
  if (type !== "RollingUpdate") throw new CommandError("rollout status is only available for RollingUpdate strategy type");
}

const daemonSet: StatusText = (object: DaemonSet) => {
  const { metadata, spec, status } = object;
  onlyRollingUpdate(spec?.updateStrategy?.type);
  const name = JSON.stringify(metadata.name);
  if (isUnseen(object)) return waiting("Waiting for daemon set spec update to be observed...");
  const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status ?? {};
  const waits = `Waiting for daemon set ${name} rollout to finish:`;
  if (updatedNumberScheduled < desiredNumberScheduled)
    return waiting(`${waits} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`);
  if (numberAvailable < desiredNumberScheduled)
    return waiting(`${waits} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`);
  return done(`daemon set ${name} successfully rolled out`);
};

const statefulSet: StatusText = (object: StatefulSet) => {
  const { spec, status } = object;
  onlyRollingUpdate(spec?.updateStrategy?.type);
  if (isUnseen(object) || status?.observedGeneration === 0) return waiting("Waiting for statefulset spec update to be observed...");
  const { readyReplicas = 0, updatedReplicas = 0, currentReplicas = 0, updateRevision = "", currentRevision = "" } = status ?? {};
  const replicas = spec?.replicas;
  if (replicas !== undefined && readyReplicas < replicas) return waiting(`Waiting for ${replicas - readyReplicas} pods to be ready...`);
  const { rollingUpdate } = spec?.updateStrategy ?? {};
  if (rollingUpdate) {
    const { partition } = rollingUpdate;
    if (replicas !== undefined && partition !== undefined && updatedReplicas < replicas - partition) {
      return waiting(
        `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${replicas - partition} new pods have been updated...`,
      );
    }
    return done(`partitioned roll out complete: ${updatedReplicas} new pods have been updated...`);
  }
  if (updateRevision !== currentRevision)
    return waiting(`waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision}...`);
  return done(`statefulset rolling update complete ${currentReplicas} pods at revision ${currentRevision}...`);
};

/** By the kind's name. */
export const statusTexts: Readonly<Record<string, StatusText>> = {
  Deployment: deployment,
  DaemonSet: daemonSet,
  StatefulSet: statefulSet,
};
