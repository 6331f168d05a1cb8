/** What an error about an object of a kind speaks of. */
import { type ApiError, notFound, type Subject } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";

/** The kind, or one of its objects by name. */
export const subjectOf = (kind: KindDefinition, name?: string): Subject =>
  name === undefined
    ? { group: kind.group, resource: kind.plural, kind: kind.kind }
    : { group: kind.group, resource: kind.plural, kind: kind.kind, name };

/** 404 for an object of the kind (API-83). */
export const notFoundIn = (kind: KindDefinition, name: string): ApiError => notFound(subjectOf(kind, name));
