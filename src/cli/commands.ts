/** Every command, in the order of the help. What a command needs is loaded when it is called. */
import type { CommandEntry, CommandGroup } from "./command.ts";
import { engineEntries } from "./engine/commands.ts";

const basic = "Objects of a cluster";
const releases = "Releases";

const entries: readonly CommandEntry[] = [
  {
    name: "get",
    section: basic,
    summary: "show objects: tables, YAML, JSON, single fields",
    load: async () => (await import("./get/get.ts")).get,
  },
  {
    name: "apply",
    section: basic,
    summary: "bring objects where manifests want them",
    load: async () => (await import("./apply/apply.ts")).apply,
  },
  {
    name: "delete",
    section: basic,
    summary: "delete objects, and wait until they are gone",
    load: async () => (await import("./delete/delete.ts")).deleteObjects,
  },
  {
    name: "wait",
    section: basic,
    summary: "wait for a condition, a value, or the end of objects",
    load: async () => (await import("./wait/wait.ts")).wait,
  },
  {
    name: "rollout",
    section: releases,
    summary: "follow, explain and manage the rollout of a workload",
    load: async () => (await import("./rollout/rollout.ts")).rollout,
  },
  {
    name: "controller",
    section: releases,
    summary: "record releases, roll back what fails and follow configuration, in any cluster",
    load: async () => (await import("./controller/controller.ts")).controller,
  },
  ...engineEntries,
];

export const root: CommandGroup = {
  about:
    "windlass: rollouts and rollbacks as Kubernetes defines them, on an engine that starts with one command, and on any Kubernetes cluster.",
  commands: entries,
};
