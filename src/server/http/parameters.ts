/** Reads the query parameters of resource requests. Unknown ones are ignored; malformed ones are refused. */
import { badRequest, field, invalid } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { DeleteOptions } from "../../api/types.ts";
import type { ApiListOptions, ApiWatchOptions } from "../api.ts";
import { isTrue } from "./request-info.ts";

const text = (query: URLSearchParams, name: string): string | undefined => {
  const value = query.get(name);
  return value === null || value === "" ? undefined : value;
};

/** A whole number, or undefined where the parameter is absent. Throws 400 for anything else. */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  if (!/^[-+]?\d{1,15}$/.test(value)) {
    throw badRequest(`invalid value for the query parameter ${name}: strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return Number(value);
}

/** `request.namespace` is left to the caller. */
export function listParameters(query: URLSearchParams, kind: KindDefinition): ApiListOptions {
  if (query.has("sendInitialEvents")) {
    throw invalid({ group: "meta.k8s.io", resource: "ListOptions", kind: "ListOptions", name: "" }, [
      field.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"),
    ]);
  }
  return { ...selection(query, kind) };
}

function selection(query: URLSearchParams, _kind: KindDefinition): ApiListOptions {
  const limit = integerParameter(query, "limit");
  if (limit !== undefined && limit < 0) throw badRequest("limit must not be negative");
  const options: { -readonly [K in keyof ApiListOptions]: ApiListOptions[K] } = {};
  const labelSelector = text(query, "labelSelector");
  const fieldSelector = text(query, "fieldSelector");
  const token = text(query, "continue");
  const resourceVersion = text(query, "resourceVersion");
  const match = text(query, "resourceVersionMatch");
  if (labelSelector !== undefined) options.labelSelector = labelSelector;
  if (fieldSelector !== undefined) options.fieldSelector = fieldSelector;
  if (limit !== undefined && limit > 0) options.limit = limit;
  if (token !== undefined) options.continue = token;
  if (resourceVersion !== undefined) options.resourceVersion = resourceVersion;
  if (match !== undefined) options.resourceVersionMatch = match;
  return options;
}

export function watchParameters(query: URLSearchParams, kind: KindDefinition): ApiWatchOptions {
  const { limit: _limit, continue: _continue, ...options } = selection(query, kind);
  return {
    ...options,
    ...(query.has("allowWatchBookmarks") && { allowBookmarks: isTrue(query.get("allowWatchBookmarks")) }),
    ...(query.has("sendInitialEvents") && { sendInitialEvents: isTrue(query.get("sendInitialEvents")) }),
  };
}

const listOptionsSubject = (kind: string) => ({ group: "meta.k8s.io", resource: kind, kind, name: "" });

/** Throws 422 where `dryRun` is anything but `All`, as Kubernetes does. */
export function dryRunOf(values: readonly string[], optionsKind: string): boolean {
  const given = values.filter((value) => value !== "");
  const wrong = given.find((value) => value !== "All");
  if (wrong !== undefined) throw invalid(listOptionsSubject(optionsKind), [field.notSupported("dryRun", wrong, ["All"])]);
  return given.length > 0;
}

/** Throws 422 for an unknown `fieldValidation` (API-80). Absent reads as Warn. */
export function fieldValidationOf(query: URLSearchParams, optionsKind: string): "Ignore" | "Warn" | "Strict" {
  const value = query.get("fieldValidation");
  if (value === null || value === "") return "Warn";
  if (value === "Ignore" || value === "Warn" || value === "Strict") return value;
  throw invalid(listOptionsSubject(optionsKind), [field.notSupported("fieldValidation", value, ["", "Ignore", "Warn", "Strict"])]);
}

const managerMaxLength = 128;

/** The field manager named by the client, else its User-Agent up to "/" (API-69). */
export function fieldManagerOf(query: URLSearchParams, userAgent: string | undefined, optionsKind: string): string {
  const named = query.get("fieldManager");
  if (named !== null && named !== "") {
    if (named.length > managerMaxLength) {
      throw invalid(listOptionsSubject(optionsKind), [field.tooLong("fieldManager", managerMaxLength)]);
    }
    // The printable characters are what Kubernetes allows in a manager's name.
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(named)) {
      throw invalid(listOptionsSubject(optionsKind), [field.invalid("fieldManager", named, "should only contain printable characters")]);
    }
    return named;
  }
  const agent = (userAgent ?? "").split("/")[0]?.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "") ?? "";
  return agent === "" ? "unknown" : agent.slice(0, managerMaxLength);
}

/** Delete options given as parameters; a body, where there is one, wins as a whole (API-62). */
export function deleteParameters(query: URLSearchParams): DeleteOptions {
  const options: DeleteOptions = {};
  const grace = integerParameter(query, "gracePeriodSeconds");
  if (grace !== undefined) options.gracePeriodSeconds = grace;
  const policy = text(query, "propagationPolicy");
  if (policy !== undefined) options.propagationPolicy = policy;
  if (query.has("orphanDependents")) options.orphanDependents = isTrue(query.get("orphanDependents"));
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  if (dryRun.length > 0) options.dryRun = dryRun;
  return options;
}
