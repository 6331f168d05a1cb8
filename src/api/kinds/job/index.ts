/** The kind Job of batch/v1. */
import type { Job as JobObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Job (batch/v1). */
export const Job = defineKind<JobObject>({
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  scope: "Namespaced",
  schema: "batch.v1.Job",
  categories: ["all"],
  defaultPropagation: "Background",
  status: {},
});
