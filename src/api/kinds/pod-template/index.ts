/** The kind PodTemplate of v1. */
import type { PodTemplate as PodTemplateObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** PodTemplate (v1). */
export const PodTemplate = defineKind<PodTemplateObject>({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  scope: "Namespaced",
  schema: "core.v1.PodTemplate",
  returnsDeletedObject: true,
});
