/** `rollout`: everything about the way from one revision of a workload to the next. */
import type { CommandGroup } from "../command.ts";

export const rollout: CommandGroup = {
  about: "Rollouts of Deployments, StatefulSets and DaemonSets: follow, explain, go back, pause, restart.",
  commands: [
    {
      name: "explain",
      summary: "say why a rollout is not getting on, and the way out",
      load: async () => (await import("./explain.ts")).explainRollout,
    },
  ],
};
