/** JSON patch (RFC 6902) with the limits and errors of the API (API-56). */
import jsonPatch, { type Operation } from "fast-json-patch";
import { ApiError, badRequest } from "../api/errors.ts";
import { isRecord } from "../base/own-field.ts";
import { deepCopy } from "./freeze.ts";

/** More operations than this are refused. */
const operationsMax = 10_000;
/** What all copies of one patch may add up to, as JSON: a few that double the document would fill any memory. */
const copiedMax = 3 * 1024 * 1024;
const operationNames: ReadonlySet<unknown> = new Set(["add", "remove", "replace", "move", "copy", "test"]);

/**
 * The patched document; `document` itself is not changed. Throws `badRequest` for a patch that is none, 413 for one with too many
 * operations and 422 for one that does not fit the document (a failing `test`, a path that is not there).
 */
export function applyJsonPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw badRequest("error decoding patch: a JSON patch must be a list of operations");
  if (operations.length > operationsMax) {
    throw failure(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${operationsMax}, got ${operations.length}`,
    );
  }
  for (const operation of operations) checkOperation(operation);
  try {
    return applyAll(deepCopy(document), deepCopy(operations) as Operation[]);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw unprocessable(firstLine(error));
  }
}

/** One by one: what a copy would take is known only when the operations before it are done. */
function applyAll(document: unknown, operations: readonly Operation[]): unknown {
  let copied = 0;
  for (const [index, operation] of operations.entries()) {
    if (operation.op === "move" && `${operation.path}/`.startsWith(`${operation.from}/`) && operation.path !== operation.from) {
      throw unprocessable(`cannot move ${JSON.stringify(operation.from)} into itself`);
    }
    if (operation.op === "copy") {
      copied += JSON.stringify(jsonPatch.getValueByPointer(document, operation.from))?.length ?? 0;
      if (copied > copiedMax) throw unprocessable(`the copies of a JSON patch may not be longer than ${copiedMax} bytes together`);
    }
    document = jsonPatch.applyOperation(document, operation, true, true, true, index).newDocument;
  }
  return document;
}

function checkOperation(operation: unknown): void {
  if (!isRecord(operation) || !operationNames.has(operation.op) || typeof operation.path !== "string") {
    throw badRequest(`error decoding patch: not an operation: ${JSON.stringify(operation)}`);
  }
}

const firstLine = (error: unknown): string => (error instanceof Error ? (error.message.split("\n")[0] as string) : String(error));

const failure = (code: number, reason: string, message: string, cause?: string): ApiError =>
  new ApiError({ apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure", message, reason, details: {}, code }, { cause });

/** 422: the patch is well formed but cannot be applied to this object. The API does not tell the client why. */
const unprocessable = (why: string): ApiError =>
  failure(422, "Invalid", "the server rejected our request due to an error in our request", why);
