/** In-place resize: running containers come to have the resources that their Pod asks for now (KEP-1287). */
import type { Container } from "../../../api/types.ts";
import { deepEqual, semanticEqual } from "../../../machinery/equality.ts";
import { compareQuantities } from "../../../machinery/quantity.ts";
import { containerResources } from "../container-limits.ts";
import type { ContainerRecord, DeclaredContainer } from "../container-record.ts";
import type { PodScope } from "./scope.ts";

const retryMs = 2000;

/** Gives running containers the resources that the Pod has come to ask for; `replace` is called for those whose policy wants a new start. */
export async function resizeContainers(
  scope: PodScope,
  replace: (declared: DeclaredContainer, record: ContainerRecord) => void,
): Promise<void> {
  const { runtime, recorder } = scope.context;
  for (const declared of scope.declared) {
    const record = scope.records.get(declared.spec.name);
    const container = declared.spec as Container;
    const wanted = container.resources;
    if (record?.state !== "running" || record.id === undefined || record.stopping || record.replaced) continue;
    if (declared.role === "ephemeral" || deepEqual(record.resources, wanted)) continue;
    // The same amounts in other words.
    if (semanticEqual(record.resources, wanted, "core.v1.ResourceRequirements")) {
      record.resources = wanted;
      continue;
    }
    if (needsRestart(container, record.resources)) {
      replace(declared, record);
      continue;
    }
    const { id } = record;
    try {
      await runtime.updateContainer?.(id, containerResources(scope.pod, container));
      if (record.id === id) record.resources = wanted;
    } catch (error) {
      if (record.state !== "running" || record.id !== id) continue;
      const message = error instanceof Error ? error.message : String(error);
      recorder.event(scope.pod, "Warning", "ResizeError", message, { fieldPath: declared.fieldPath });
      scope.passIn(retryMs);
    }
  }
}

/** Whether a container has to be started anew for the resources that it is to have, in place of those it has. */
function needsRestart({ resources, resizePolicy }: Container, present: Container["resources"]): boolean {
  return (resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === "RestartContainer" &&
      (["limits", "requests"] as const).some((kind) => !isSameAmount(resources?.[kind]?.[resourceName], present?.[kind]?.[resourceName])),
  );
}

const isSameAmount = (a: string | number | undefined, b: string | number | undefined): boolean =>
  a === undefined || b === undefined ? a === b : compareQuantities(a, b) === 0;
