/** What every write shares: the admission of one object, its size of change and its end. */
import { badRequest, type FieldError, invalid } from "../../api/errors.ts";
import { apiVersionOf, type KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { deepEqual } from "../../machinery/equality.ts";
import type { Admission, AdmissionOperation } from "../admission/admission.ts";
import type { RequestContext } from "../api.ts";
import { subjectOf } from "./subject.ts";

/** Runs `write` with an admission of its own and, however it ends, gives back what rules reserved for it. */
export async function admitted<T>(
  about: {
    readonly kind: KindDefinition;
    readonly operation: AdmissionOperation;
    readonly subresource?: string;
    readonly key: ObjectKey;
    readonly object: AnyObject;
    readonly old?: AnyObject;
    readonly context: RequestContext;
  },
  write: (admission: Admission) => Promise<T>,
): Promise<T> {
  const tasks: (() => void)[] = [];
  const admission: Admission = {
    kind: about.kind,
    operation: about.operation,
    subresource: about.subresource ?? "",
    namespace: about.key.namespace,
    name: about.key.name,
    object: about.object,
    old: about.old,
    context: about.context,
    whenOver: (task) => void tasks.push(task),
  };
  try {
    return await write(admission);
  } finally {
    for (const task of tasks) task();
  }
}

/** Throws 422 with every problem at once, when there is one. */
export function refuse(kind: KindDefinition, name: string | undefined, problems: readonly FieldError[]): void {
  if (problems.length > 0) throw invalid(subjectOf(kind, name ?? ""), problems);
}

/** Gives a body its type when it has none. Throws 400 for a body of another kind. */
export function checkType(kind: KindDefinition, object: AnyObject): void {
  if (typeof object !== "object" || object === null || Array.isArray(object)) throw badRequest("the body must be an object");
  const apiVersion = apiVersionOf(kind);
  object.apiVersion ||= apiVersion;
  object.kind ||= kind.kind;
  if (object.apiVersion !== apiVersion) {
    throw badRequest(`the API version in the data (${object.apiVersion}) does not match the expected API version (${apiVersion})`);
  }
  if (object.kind !== kind.kind) {
    throw badRequest(`the kind in the data (${object.kind}) does not match the expected kind (${kind.kind})`);
  }
  if (typeof object.metadata !== "object" || object.metadata === null) object.metadata = {};
}

/** Whether the change from `old` counts as a new generation; without a declaration, a change of spec does. */
export const bumpsGeneration = (kind: KindDefinition, object: AnyObject, old: AnyObject): boolean =>
  kind.bumpsGeneration ? kind.bumpsGeneration(object, old) : object.spec !== undefined && !deepEqual(object.spec, old.spec);

/** Passes a kind's warnings on to the client. */
export function warn(kind: KindDefinition, context: RequestContext, object: AnyObject, old?: AnyObject): void {
  if (!context.warn || !kind.warnings) return;
  for (const text of kind.warnings(object, old)) context.warn(text);
}
