/**
 * The catalogue of errors. Each is an `ApiError` that carries the wire `Status`, so the server renders it and a
 * client rebuilds it. Reasons, codes and messages: API-82 … API-86.
 */
import type { Status, StatusCause } from "./types.ts";

export class ApiError extends Error {
  readonly status: Status;

  constructor(status: Status, options?: { cause?: unknown }) {
    super(status.message ?? status.reason ?? "unknown error", options);
    this.name = "ApiError";
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? "";
  }
}

/** What an error speaks of. `resource` is the plural, `kind` the kind; messages use one or the other. */
export interface Subject {
  readonly group: string;
  readonly resource: string;
  readonly kind?: string;
  readonly name?: string;
}

const qualified = (name: string, group: string): string => (group === "" ? name : `${name}.${group}`);

function failure(code: number, reason: string, message: string, details?: Status["details"], cause?: unknown): ApiError {
  const status: Status = { apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure", message, reason, code };
  if (details) status.details = details;
  return new ApiError(status, cause === undefined ? undefined : { cause });
}

function subjectDetails(subject: Subject): NonNullable<Status["details"]> {
  const details: NonNullable<Status["details"]> = { kind: subject.resource };
  if (subject.name !== undefined) details.name = subject.name;
  if (subject.group !== "") details.group = subject.group;
  return details;
}

const subjectText = (subject: Subject): string => `${qualified(subject.resource, subject.group)} "${subject.name ?? ""}"`;

/** 404: the object is not there. */
export const notFound = (subject: Subject): ApiError =>
  failure(404, "NotFound", `${subjectText(subject)} not found`, subjectDetails(subject));

/** 404: the path names nothing that is served. */
export const unknownPath = (): ApiError => failure(404, "NotFound", "the server could not find the requested resource", {});

/** 409: a create met an object of that name. */
export const alreadyExists = (subject: Subject, message?: string): ApiError =>
  failure(409, "AlreadyExists", message ?? `${subjectText(subject)} already exists`, subjectDetails(subject));

/** 409: the write was based on a state that is gone, or a precondition failed. */
export const conflict = (subject: Subject, why: string): ApiError =>
  failure(409, "Conflict", `Operation cannot be fulfilled on ${subjectText(subject)}: ${why}`, subjectDetails(subject));

/** The sentence of a stale write (API-53). */
export const staleWrite = "the object has been modified; please apply your changes to the latest version and try again";

/** 409: server-side apply met fields of other managers (API-70). */
export const applyConflict = (message: string, causes: StatusCause[]): ApiError => failure(409, "Conflict", message, { causes });

/** 403 with what was refused. */
export const forbidden = (subject: Subject, why: string, causes?: StatusCause[]): ApiError =>
  failure(
    403,
    "Forbidden",
    subject.name ? `${subjectText(subject)} is forbidden: ${why}` : `${qualified(subject.resource, subject.group)} is forbidden: ${why}`,
    {
      ...subjectDetails(subject),
      ...(causes && { causes }),
    },
  );

/** 403 for a path that is no resource. */
export const forbiddenPath = (message: string): ApiError => failure(403, "Forbidden", message, {});

/** 400: the request makes no sense. */
export const badRequest = (message: string): ApiError => failure(400, "BadRequest", message);

/** 401: nobody, or somebody unknown. */
export const unauthorized = (message = "Unauthorized"): ApiError => failure(401, "Unauthorized", message);

/** 405: the resource does not have that verb. */
export const methodNotAllowed = (subject: Subject, verb: string): ApiError =>
  failure(
    405,
    "MethodNotAllowed",
    `${verb} is not supported on resources of kind "${qualified(subject.resource, subject.group)}"`,
    subjectDetails(subject),
  );

/** 406: none of the accepted media types can be served. */
export const notAcceptable = (accepted: readonly string[]): ApiError =>
  failure(406, "NotAcceptable", `only the following media types are accepted: ${accepted.join(", ")}`);

/** 410: the version asked for is no longer kept. `continueToken` lets a list go on inconsistently (API-25). */
export function expired(message: string, continueToken?: string): ApiError {
  const error = failure(410, "Expired", message);
  if (continueToken !== undefined) (error.status as { metadata: { continue?: string } }).metadata.continue = continueToken;
  return error;
}

/** 413: the body or answer is too large. */
export const tooLarge = (message: string): ApiError => failure(413, "RequestEntityTooLarge", message);

/** 415: the body is of no readable media type. */
export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  failure(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );

/** 429: try again after `retryAfterSeconds`. */
export const tooManyRequests = (message: string, retryAfterSeconds?: number, causes?: StatusCause[]): ApiError =>
  failure(429, "TooManyRequests", message, { ...(retryAfterSeconds !== undefined && { retryAfterSeconds }), ...(causes && { causes }) });

/** 500: our fault. */
export const internal = (what: string, cause?: unknown): ApiError =>
  failure(500, "InternalError", `Internal error occurred: ${what}`, { causes: [{ message: what }] }, cause);

/** 503: not now. */
export const serviceUnavailable = (message: string): ApiError => failure(503, "ServiceUnavailable", message);

/** 504: it took too long. */
export const timeout = (message: string, retryAfterSeconds?: number, causes?: StatusCause[]): ApiError =>
  failure(504, "Timeout", message, { ...(retryAfterSeconds !== undefined && { retryAfterSeconds }), ...(causes && { causes }) });

/** One thing wrong with one field (API-85). `detail` is the whole text after the field's path. */
export interface FieldError {
  readonly reason:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueNotSupported"
    | "FieldValueForbidden"
    | "FieldValueDuplicate"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueNotFound"
    | "FieldValueTypeInvalid"
    | "InternalError";
  readonly field: string;
  readonly message: string;
}

const goValue = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : value === undefined ? "null" : JSON.stringify(value);
const withDetail = (head: string, detail?: string): string => (detail ? `${head}: ${detail}` : head);

/** Constructors of field errors, each with the body that Kubernetes prints for it. */
export const field = {
  required: (path: string, detail?: string): FieldError => ({
    reason: "FieldValueRequired",
    field: path,
    message: withDetail("Required value", detail),
  }),
  invalid: (path: string, value: unknown, detail: string): FieldError => ({
    reason: "FieldValueInvalid",
    field: path,
    message: withDetail(`Invalid value: ${goValue(value)}`, detail),
  }),
  notSupported: (path: string, value: unknown, supported: readonly string[]): FieldError => ({
    reason: "FieldValueNotSupported",
    field: path,
    message: `Unsupported value: ${goValue(value)}: supported values: ${[...supported]
      .sort()
      .map((s) => JSON.stringify(s))
      .join(", ")}`,
  }),
  forbidden: (path: string, detail: string): FieldError => ({
    reason: "FieldValueForbidden",
    field: path,
    message: withDetail("Forbidden", detail),
  }),
  duplicate: (path: string, value: unknown): FieldError => ({
    reason: "FieldValueDuplicate",
    field: path,
    message: `Duplicate value: ${goValue(value)}`,
  }),
  tooLong: (path: string, maxBytes: number): FieldError => ({
    reason: "FieldValueTooLong",
    field: path,
    message: `Too long: may not be more than ${maxBytes} bytes`,
  }),
  tooMany: (path: string, actual: number, max: number): FieldError => ({
    reason: "FieldValueTooMany",
    field: path,
    message: `Too many: ${actual}: must have at most ${max} items`,
  }),
  notFound: (path: string, value: unknown): FieldError => ({
    reason: "FieldValueNotFound",
    field: path,
    message: `Not found: ${goValue(value)}`,
  }),
  typeInvalid: (path: string, value: unknown, detail: string): FieldError => ({
    reason: "FieldValueTypeInvalid",
    field: path,
    message: withDetail(`Invalid value: ${goValue(value)}`, detail),
  }),
} as const;

/** 422: every field error at once (API-85). */
export function invalid(subject: Subject, errors: readonly FieldError[]): ApiError {
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const body = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const kind = subject.kind ?? subject.resource;
  const details: NonNullable<Status["details"]> = {
    kind,
    causes: errors.map((e) => ({ reason: e.reason, message: e.message, field: e.field })),
  };
  if (subject.name !== undefined) details.name = subject.name;
  if (subject.group !== "") details.group = subject.group;
  return failure(422, "Invalid", `${qualified(kind, subject.group)} "${subject.name ?? ""}" is invalid: ${body}`, details);
}

const hasReason = (error: unknown, reason: string): boolean => error instanceof ApiError && error.reason === reason;
export const isNotFound = (error: unknown): boolean => hasReason(error, "NotFound");
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, "AlreadyExists");
export const isConflict = (error: unknown): boolean => hasReason(error, "Conflict");
export const isInvalid = (error: unknown): boolean => hasReason(error, "Invalid");
export const isForbidden = (error: unknown): boolean => hasReason(error, "Forbidden");
export const isExpired = (error: unknown): boolean => hasReason(error, "Expired") || hasReason(error, "Gone");
export const isTooManyRequests = (error: unknown): boolean => hasReason(error, "TooManyRequests");

/** Whether an error says that a namespace is going away (DEP-3, API-96). */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof ApiError && (error.status.details?.causes ?? []).some((cause) => cause.reason === "NamespaceTerminating");
