/** Errors about one object of a file say which, as kubectl's do. */
import { ApiError } from "../../api/errors.ts";
import type { Found } from "../objects/selection.ts";

/** kubectl's words for which object it was about. */
export function targetText({ resource, namespace, name }: Found): string {
  const version = `${resource.group}/${resource.version}`;
  const kinds = `Resource: "${version}, Resource=${resource.plural}", GroupVersionKind: "${version}, Kind=${resource.kind}"`;
  return `${kinds}\nName: ${JSON.stringify(name)}, Namespace: ${JSON.stringify(namespace ?? "")}`;
}

/** The same error with `error when VERB "SOURCE": ` before its message. */
export function withSource(verb: string, source: string | undefined, error: unknown): Error {
  if (!(error instanceof ApiError) || source === undefined) return error as Error;
  const message = `error when ${verb} ${JSON.stringify(source)}: ${error.message}`;
  return new ApiError({ ...error.status, message }, { cause: error });
}
