/** What every question about permissions must say. */
import { type FieldError, field } from "../errors.ts";
import type { SelfSubjectAccessReviewSpec, SubjectAccessReviewSpec } from "../types.ts";

/** A question about the asker: of one resource or of one path. */
export function validateAccess(spec: SelfSubjectAccessReviewSpec | undefined): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec ?? {};
  if (resourceAttributes && nonResourceAttributes) {
    const detail = "cannot be specified in combination with resourceAttributes";
    return [field.invalid("spec.nonResourceAttributes", nonResourceAttributes, detail)];
  }
  if (resourceAttributes || nonResourceAttributes) return [];
  const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [field.invalid("spec.resourceAttributes", null, detail)];
}

/** A question about somebody: that, and about whom. */
export function validateSubjectAccess(spec: SubjectAccessReviewSpec | undefined): FieldError[] {
  const errors = validateAccess(spec);
  if (!spec?.user && !spec?.groups?.length) {
    errors.push(field.invalid("spec.user", spec?.user ?? "", "at least one of user or group must be specified"));
  }
  return errors;
}
