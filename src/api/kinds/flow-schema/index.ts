/** The kind FlowSchema: which requests share a priority level. Stored; this server treats all requests alike. */
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { FlowSchema as FlowSchemaObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleRequired } from "../field-rules.ts";
import { keepSpec } from "../status-writes.ts";

const usualPrecedence = 1000;

/** FlowSchema (flowcontrol.apiserver.k8s.io/v1). */
export const FlowSchema = defineKind<FlowSchemaObject>({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "FlowSchema",
  plural: "flowschemas",
  scope: "Cluster",
  schema: "flowcontrol.v1.FlowSchema",
  defaults(schema) {
    if (schema.spec) schema.spec.matchingPrecedence ||= usualPrecedence;
  },
  validate(schema): FieldError[] {
    const errors: Errors = [];
    ruleRequired(errors, "spec.priorityLevelConfiguration.name", schema.spec?.priorityLevelConfiguration?.name);
    return errors;
  },
  prepareForCreate(schema) {
    schema.status = {};
  },
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("PriorityLevel", (schema) => schema.spec?.priorityLevelConfiguration?.name ?? "<none>"),
    { name: "MatchingPrecedence", type: "integer", cell: (schema) => schema.spec?.matchingPrecedence ?? usualPrecedence },
    textColumn("DistinguisherMethod", (schema) => schema.spec?.distinguisherMethod?.type ?? "<none>"),
    ageColumn,
    textColumn("MissingPL", (schema) => schema.status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?"),
  ],
});
