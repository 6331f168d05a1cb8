/** What a refused list says: which list it was. */
import { ApiError } from "../../api/errors.ts";
import type { Resource } from "../discovery/resource.ts";
import type { Selection } from "./selection.ts";

/** The same error with the list in its message, where the server understood the request but not its selectors or type. */
export function listError(
  error: unknown,
  { group, version, plural }: Resource,
  { labelSelector = "", fieldSelector = "" }: Pick<Selection, "labelSelector" | "fieldSelector">,
): Error {
  if (!(error instanceof ApiError) || (error.reason !== "BadRequest" && error.reason !== "NotFound")) return error as Error;
  const which = JSON.stringify(`${group}/${version}, Resource=${plural}`);
  const selectors = `that match label selector ${JSON.stringify(labelSelector)}, field selector ${JSON.stringify(fieldSelector)}`;
  const what = labelSelector === "" && fieldSelector === "" ? `Unable to list ${which}` : `Unable to find ${which} ${selectors}`;
  return new ApiError({ ...error.status, message: `${what}: ${error.message}` }, { cause: error });
}
