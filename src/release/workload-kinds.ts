/** The kinds of workload that release features work on. A new one is a file under `kinds/` and a line here. */
import { daemonSetKind } from "./kinds/daemon-set.ts";
import { deploymentKind } from "./kinds/deployment.ts";
import { statefulSetKind } from "./kinds/stateful-set.ts";
import type { WorkloadKind } from "./workload.ts";

/** All of them. */
export const workloadKinds: readonly WorkloadKind[] = [deploymentKind, statefulSetKind, daemonSetKind];

/** The one that serves objects of this group and kind, or undefined: it has no rollouts. */
export const workloadKindOf = (name: { readonly group: string; readonly kind: string }): WorkloadKind | undefined =>
  workloadKinds.find(({ ref }) => ref.group === name.group && ref.kind === name.kind);
