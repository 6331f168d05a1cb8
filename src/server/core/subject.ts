/** What an error about an object of a kind speaks of. */
import type { Subject } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";

export const subjectOf = (kind: KindDefinition, name?: string): Subject =>
  name === undefined
    ? { group: kind.group, resource: kind.plural, kind: kind.kind }
    : { group: kind.group, resource: kind.plural, kind: kind.kind, name };
