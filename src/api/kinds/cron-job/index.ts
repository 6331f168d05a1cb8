/** The kind CronJob of batch/v1. */
import type { CronJob as CronJobObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** CronJob (batch/v1). */
export const CronJob = defineKind<CronJobObject>({
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  scope: "Namespaced",
  schema: "batch.v1.CronJob",
  shortNames: ["cj"],
  categories: ["all"],
  status: {},
});
