/** The rules that every engine has, in the order in which they are asked. */
import type { Core } from "../core/core.ts";
import type { AdmissionRule } from "./admission.ts";
import { claimResize } from "./claim-resize.ts";
import { certificateRequester } from "./certificate-requester.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { defaultTolerations } from "./default-tolerations.ts";
import { deprecations } from "./deprecations.ts";
import { limitRangeRule } from "./limit-range.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { priorityRule } from "./priority.ts";
import { runtimeClassRule } from "./runtime-class.ts";
import { serviceAccountRule } from "./service-account.ts";
import { type ServiceRanges, serviceAllocation } from "./service-allocation.ts";
import { volumeProtection } from "./volume-protection.ts";

export interface BuiltInAdmissionOptions {
  readonly services?: ServiceRanges;
  /** Only where a controller takes the finalizers of claims and volumes off again. Default false. */
  readonly protectVolumes?: boolean;
}

export const builtInAdmission = (core: Core, options: BuiltInAdmissionOptions): AdmissionRule[] => [
  namespaceLifecycle(core),
  limitRangeRule(core),
  serviceAccountRule(core),
  defaultTolerations,
  priorityRule(core),
  runtimeClassRule(core),
  serviceAllocation(core, options.services),
  defaultStorageClass(core),
  claimResize(core),
  ...(options.protectVolumes ? [volumeProtection] : []),
  certificateRequester,
  deprecations,
];
