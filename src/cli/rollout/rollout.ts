/** `rollout`: everything about the way from one revision of a workload to the next. */
import type { CommandGroup } from "../command.ts";

export const rollout: CommandGroup = {
  about: "Rollouts of Deployments, StatefulSets and DaemonSets: follow, explain, go back, pause, restart.",
  commands: [
    {
      name: "status",
      summary: "follow rollouts to their end, and say what is in the way",
      load: async () => (await import("./status.ts")).rolloutStatus,
    },
    {
      name: "watch",
      summary: "follow rollouts until they have ended, live or line by line",
      load: async () => (await import("./watch.ts")).watchRollout,
    },
    {
      name: "explain",
      summary: "say why a rollout is not getting on, and the way out",
      load: async () => (await import("./explain.ts")).explainRollout,
    },
    {
      name: "history",
      summary: "show what ran when, who changed it, why, and how it ended",
      load: async () => (await import("./history.ts")).rolloutHistory,
    },
    {
      name: "undo",
      summary: "go back to an earlier revision, after saying what that changes",
      load: async () => (await import("./undo.ts")).rolloutUndo,
    },
    {
      name: "pause",
      summary: "hold a rollout where it is",
      load: async () => (await import("./pause.ts")).rolloutPause,
    },
    {
      name: "resume",
      summary: "let a held rollout go on",
      load: async () => (await import("./pause.ts")).rolloutResume,
    },
    {
      name: "restart",
      summary: "new Pods of the same template",
      load: async () => (await import("./restart.ts")).rolloutRestart,
    },
  ],
};
