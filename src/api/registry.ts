/** Every kind that is served. A new kind is a folder under `kinds/` and a line here. */
import type { KindDefinition } from "./kind.ts";

export const kinds: readonly KindDefinition[] = [];
