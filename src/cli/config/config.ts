/** `config`: kubeconfigs, looked at and changed. */
import type { CommandGroup } from "../command.ts";

const looking = "Looking";
const changing = "Changing";

export const config: CommandGroup = {
  about: `Looks at kubeconfigs and changes them.

The files that count are the one of --kubeconfig, else those of $KUBECONFIG, else the one of the embedded engine and after it
~/.kube/config. Of two entries of one name the first counts. A change goes to the file that has the entry; what is new goes to
the first file that there is.`,
  examples:
    "# Which clusters can be reached\nwindlass config get-contexts\n\n# Work in another namespace from now on\nwindlass config set-context --current --namespace=shop",
  commands: [
    { name: "view", section: looking, summary: "print the kubeconfig that counts", load: async () => (await import("./view.ts")).view },
    { name: "get-contexts", section: looking, summary: "list contexts", load: async () => (await import("./contexts.ts")).getContexts },
    {
      name: "current-context",
      section: looking,
      summary: "print the current context",
      load: async () => (await import("./contexts.ts")).currentContext,
    },
    {
      name: "get-clusters",
      section: looking,
      summary: "list clusters",
      load: async () => (await import("./entries.ts")).listNames("clusters", "clusters"),
    },
    {
      name: "get-users",
      section: looking,
      summary: "list users",
      load: async () => (await import("./entries.ts")).listNames("users", "users"),
    },
    {
      name: "use-context",
      aliases: ["use"],
      section: changing,
      summary: "make a context the current one",
      load: async () => (await import("./contexts.ts")).useContext,
    },
    {
      name: "set-context",
      section: changing,
      summary: "make or change a context",
      load: async () => (await import("./contexts.ts")).setContext,
    },
    {
      name: "rename-context",
      section: changing,
      summary: "give a context another name",
      load: async () => (await import("./contexts.ts")).renameContext,
    },
    {
      name: "delete-context",
      section: changing,
      summary: "remove a context",
      load: async () => (await import("./entries.ts")).removeEntry("contexts", "context"),
    },
    {
      name: "set-cluster",
      section: changing,
      summary: "make or change a cluster's entry",
      load: async () => (await import("./entries.ts")).setCluster,
    },
    {
      name: "delete-cluster",
      section: changing,
      summary: "remove a cluster's entry",
      load: async () => (await import("./entries.ts")).removeEntry("clusters", "cluster"),
    },
    {
      name: "set-credentials",
      section: changing,
      summary: "make or change a user's entry",
      load: async () => (await import("./entries.ts")).setCredentials,
    },
    {
      name: "delete-user",
      section: changing,
      summary: "remove a user's entry",
      load: async () => (await import("./entries.ts")).removeEntry("users", "user"),
    },
    { name: "set", section: changing, summary: "set one property", load: async () => (await import("./properties.ts")).setProperty },
    { name: "unset", section: changing, summary: "remove one property", load: async () => (await import("./properties.ts")).unsetProperty },
  ],
};
