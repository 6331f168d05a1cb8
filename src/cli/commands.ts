/** Every command, in the order of the help. What a command needs is loaded when it is called. */
import type { CommandEntry, CommandGroup } from "./command.ts";
import { refusedEntries } from "./refused.ts";
import { engineEntries } from "./engine/commands.ts";
import { getEntry, versionEntry } from "./quick-commands.ts";

const basic = "Objects of a cluster";
const releases = "Releases";
const others = "Other";
const about = "About a cluster";

const entries: readonly CommandEntry[] = [
  getEntry,
  {
    name: "describe",
    section: basic,
    summary: "show objects in detail, with their events",
    load: async () => (await import("./describe/describe.ts")).describe,
  },
  {
    name: "apply",
    section: basic,
    summary: "bring objects where manifests want them",
    load: async () => (await import("./apply/apply.ts")).apply,
  },
  {
    name: "create",
    section: basic,
    summary: "make objects, from manifests or from flags",
    load: async () => (await import("./create/create.ts")).create,
  },
  {
    name: "run",
    section: basic,
    summary: "run an image in a Pod",
    load: async () => (await import("./run-pod/run-pod.ts")).runPod,
  },
  {
    name: "expose",
    section: basic,
    summary: "make a Service that leads to a workload",
    load: async () => (await import("./expose/expose.ts")).expose,
  },
  {
    name: "diff",
    section: basic,
    summary: "show what an apply would change",
    load: async () => (await import("./diff/diff.ts")).diff,
  },
  {
    name: "patch",
    section: basic,
    summary: "change the fields of objects that a patch names",
    load: async () => (await import("./patch/patch.ts")).patch,
  },
  {
    name: "replace",
    section: basic,
    summary: "put objects in the place of those that are there",
    load: async () => (await import("./replace/replace.ts")).replace,
  },
  {
    name: "edit",
    section: basic,
    summary: "change objects in an editor",
    load: async () => (await import("./edit/edit.ts")).edit,
  },
  {
    name: "delete",
    section: basic,
    summary: "delete objects, and wait until they are gone",
    load: async () => (await import("./delete/delete.ts")).deleteObjects,
  },
  {
    name: "scale",
    section: basic,
    summary: "say how many Pods a workload is to have",
    load: async () => (await import("./scale/scale.ts")).scale,
  },
  {
    name: "set",
    section: basic,
    summary: "change images, variables, resources",
    load: async () => (await import("./set/set.ts")).set,
  },
  {
    name: "logs",
    section: basic,
    summary: "print what containers have written",
    load: async () => (await import("./logs/logs.ts")).logs,
  },
  {
    name: "exec",
    section: basic,
    summary: "run a command in a container",
    load: async () => (await import("./exec/exec.ts")).exec,
  },
  {
    name: "attach",
    section: basic,
    summary: "join a container that runs",
    load: async () => (await import("./exec/attach.ts")).attach,
  },
  {
    name: "cp",
    section: basic,
    summary: "copy files into containers and out of them",
    load: async () => (await import("./cp/cp.ts")).cp,
  },
  {
    name: "port-forward",
    section: basic,
    summary: "lead ports of this machine into a Pod",
    load: async () => (await import("./port-forward/port-forward.ts")).portForward,
  },
  {
    name: "label",
    section: basic,
    summary: "set and take away labels",
    load: async () => (await import("./label/label.ts")).label,
  },
  {
    name: "annotate",
    section: basic,
    summary: "set and take away annotations",
    load: async () => (await import("./label/annotate.ts")).annotate,
  },
  {
    name: "wait",
    section: basic,
    summary: "wait for a condition, a value, or the end of objects",
    load: async () => (await import("./wait/wait.ts")).wait,
  },
  {
    name: "events",
    section: basic,
    summary: "list what happened, oldest first",
    load: async () => (await import("./events/events.ts")).events,
  },
  {
    name: "cordon",
    section: basic,
    summary: "keep new Pods away from nodes",
    load: async () => (await import("./nodes/cordon.ts")).cordon,
  },
  {
    name: "uncordon",
    section: basic,
    summary: "let new Pods onto nodes again",
    load: async () => (await import("./nodes/cordon.ts")).uncordon,
  },
  {
    name: "drain",
    section: basic,
    summary: "move the Pods of nodes elsewhere",
    load: async () => (await import("./nodes/drain.ts")).drain,
  },
  {
    name: "taint",
    section: basic,
    summary: "set and take away taints of nodes",
    load: async () => (await import("./nodes/taint.ts")).taint,
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
  {
    name: "explain",
    section: about,
    summary: "explain the fields of a type",
    load: async () => (await import("./explain/explain.ts")).explain,
  },
  {
    name: "api-resources",
    section: about,
    summary: "list the types that the server serves",
    load: async () => (await import("./api/api-resources.ts")).apiResources,
  },
  {
    name: "api-versions",
    section: about,
    summary: "list the groups and versions that the server serves",
    load: async () => (await import("./api/api-versions.ts")).apiVersions,
  },
  {
    name: "cluster-info",
    section: about,
    summary: "say where the control plane answers",
    load: async () => (await import("./cluster/cluster-info.ts")).clusterInfo,
  },
  versionEntry,
  {
    name: "auth",
    section: about,
    summary: "ask what you may do, and who you are",
    load: async () => (await import("./auth/auth.ts")).auth,
  },
  {
    name: "config",
    section: about,
    summary: "look at kubeconfigs and change them",
    load: async () => (await import("./config/config.ts")).config,
  },
  {
    name: "completion",
    section: others,
    summary: "print a script that completes command lines in bash, zsh or fish",
    load: async () => (await import("./completion/completion.ts")).completion,
  },
  {
    name: "__complete",
    summary: "answer a shell that completes",
    load: async () => (await import("./completion/completion.ts")).answerCompletion(root),
  },
  { name: "options", summary: "list the flags that all commands take", load: async () => (await import("./options.ts")).options },
  ...refusedEntries,
  ...engineEntries,
];

export const root: CommandGroup = {
  about:
    "windlass: rollouts and rollbacks as Kubernetes defines them, on an engine that starts with one command, and on any Kubernetes cluster.",
  commands: entries,
};
