/** The kind ControllerRevision: a snapshot of a workload's template that a rollback can return to. */
import { controllerOf } from "../../../machinery/owners.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { ControllerRevision as ControllerRevisionObject } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { type Errors, ruleImmutable, ruleNonNegative } from "../field-rules.ts";

/** ControllerRevision (apps/v1). */
export const ControllerRevision = defineKind<ControllerRevisionObject>({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  scope: "Namespaced",
  schema: "apps.v1.ControllerRevision",
  validate,
  validateUpdate(revision, old) {
    const errors: Errors = [];
    // CR-3: only the number may change, when an old template becomes the newest again.
    ruleImmutable(errors, "data", revision.data, old.data);
    return errors;
  },
  columns: [nameColumn, textColumn("Controller", controllerCell), numberColumn("Revision", (revision) => revision.revision), ageColumn],
});

/** `statefulset.apps/web` (CR-5). */
function controllerCell(revision: ControllerRevisionObject): string {
  const owner = controllerOf(revision);
  if (!owner) return "<none>";
  const { apiVersion = "", kind = "", name } = owner;
  const slash = apiVersion.indexOf("/");
  return `${kind.toLowerCase()}${slash < 0 ? "" : `.${apiVersion.slice(0, slash)}`}/${name}`;
}

function validate(revision: ControllerRevisionObject): FieldError[] {
  const errors: Errors = [];
  if (revision.data === undefined || revision.data === null) errors.push(field.required("data", "data is mandatory"));
  ruleNonNegative(errors, "revision", revision.revision);
  return errors;
}
