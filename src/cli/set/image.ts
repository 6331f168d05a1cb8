/** `set image`: other images for containers of a Pod template. */
import type { Command } from "../command.ts";
import { CommandError } from "../errors.ts";
import { nothingNamed, parseWords } from "../objects/find-objects.ts";
import { changePodSpec, isPair, matchingContainers, setFlags, splitAssignments } from "./change-pod-spec.ts";

export const setImage: Command = {
  usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) CONTAINER=IMAGE ... [flags]",
  about: "Gives containers of a Pod template another image; for a workload that starts a rollout. CONTAINER may hold *.",
  examples: `# Roll a Deployment to another version
windlass set image deployment/web web=nginx:1.18

# All containers of all DaemonSets of a label
windlass set image daemonsets -l app=log '*=fluentd:v1.17'`,
  flags: setFlags,
  completes: "objects",
  async run(invocation, environment) {
    const { resources, assignments } = splitAssignments(invocation.args, isPair);
    const hasFiles = invocation.flags.list("filename").length > 0;
    if (resources.length === 0 && !hasFiles) throw nothingNamed();
    parseWords(resources);
    if (assignments.length === 0) throw new CommandError("at least one image update is required");
    const images = assignments.map((word) => {
      const at = word.indexOf("=");
      return { container: word.slice(0, at), image: word.slice(at + 1) };
    });
    return changePodSpec(invocation, environment, {
      done: "image updated",
      noun: "image",
      flags: setFlags,
      resources,
      apply(spec) {
        for (const { container, image } of images) {
          const found = matchingContainers(spec, container);
          if (found.length === 0) throw new CommandError(`unable to find container named ${JSON.stringify(container)}`);
          for (const each of found) each.image = image;
        }
      },
    });
  },
};
