/**
 * The commands that are typed so often, and do so little, that their start is what counts. They are also bundled by
 * themselves (`src/quick.ts`), so whatever they load at once is loaded for each of them. `bin/windlass` names them too.
 */
import type { CommandEntry } from "./command.ts";

export const getEntry: CommandEntry = {
  name: "get",
  section: "Objects of a cluster",
  summary: "show objects: tables, YAML, JSON, single fields",
  load: async () => (await import("./get/get.ts")).get,
};

export const versionEntry: CommandEntry = {
  name: "version",
  section: "About a cluster",
  summary: "print the versions of this program and of the server",
  load: async () => (await import("./cluster/version.ts")).version,
};
