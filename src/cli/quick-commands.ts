/**
 * The commands that are typed so often, and do so little, that their start is what counts. They are also bundled by
 * themselves (`src/quick.ts`), so whatever they load at once is loaded for each of them.
 */
import type { CommandEntry } from "./command.ts";

export const quickEntries: readonly CommandEntry[] = [
  {
    name: "get",
    section: "Objects of a cluster",
    summary: "show objects: tables, YAML, JSON, single fields",
    load: async () => (await import("./get/get.ts")).get,
  },
];
