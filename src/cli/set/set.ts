/** `set`: single things of a Pod template. */
import type { CommandGroup } from "../command.ts";

const section = "What can be set";

export const set: CommandGroup = {
  about: "Changes single things of objects that are there: images, variables, resources.",
  commands: [
    { name: "image", section, summary: "the images of containers", load: async () => (await import("./image.ts")).setImage },
    { name: "env", section, summary: "the variables of containers", load: async () => (await import("./env.ts")).setEnv },
    {
      name: "resources",
      section,
      summary: "what containers ask for and may use",
      load: async () => (await import("./resources.ts")).setResources,
    },
  ],
};
