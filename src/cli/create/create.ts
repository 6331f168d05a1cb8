/** `create`: makes objects, from manifests or from flags. */
import type { CommandEntry, CommandGroup } from "../command.ts";
import { type Generator, generatorCommand } from "./generator.ts";
import { createFiles } from "./from-files.ts";

const section = "What can be made from flags";

const entry = (name: string, summary: string, load: () => Promise<Generator>, aliases: readonly string[] = []): CommandEntry => ({
  name,
  aliases,
  section,
  summary,
  load: async () => generatorCommand(await load()),
});

const services: CommandGroup = {
  about: "Makes a Service.",
  commands: [
    entry("clusterip", "a Service with an address in the cluster", async () => (await import("./service.ts")).clusterIp),
    entry("nodeport", "a Service on a port of every node", async () => (await import("./service.ts")).nodePort),
    entry("loadbalancer", "a Service behind a load balancer", async () => (await import("./service.ts")).loadBalancer),
    entry("externalname", "a Service that is another name", async () => (await import("./service.ts")).externalName),
  ],
};

const secrets: CommandGroup = {
  about: "Makes a Secret.",
  commands: [
    entry("generic", "a Secret of files and values", async () => (await import("./configuration.ts")).genericSecret),
    entry("tls", "a Secret of a certificate and its key", async () => (await import("./secret.ts")).tlsSecret),
    entry("docker-registry", "a Secret for a registry of images", async () => (await import("./secret.ts")).registrySecret),
  ],
};

export const create: CommandGroup = {
  about: "Makes objects: those of manifests, or one from flags. What is there already is an error.",
  examples: `windlass create -f web.yaml
windlass create deployment web --image=nginx:1.18 --replicas=2
windlass create configmap conf --from-literal=a=1 --dry-run=client -o yaml`,
  itself: createFiles,
  commands: [
    entry("clusterrole", "a ClusterRole", async () => (await import("./roles.ts")).clusterRole),
    entry("clusterrolebinding", "a ClusterRoleBinding", async () => (await import("./bindings.ts")).clusterRoleBinding),
    entry("configmap", "a ConfigMap of files and values", async () => (await import("./configuration.ts")).configMap, ["cm"]),
    entry("cronjob", "a CronJob", async () => (await import("./jobs.ts")).cronJob, ["cj"]),
    entry("deployment", "a Deployment of images", async () => (await import("./deployment.ts")).deployment, ["deploy"]),
    entry("ingress", "an Ingress", async () => (await import("./ingress.ts")).ingress, ["ing"]),
    entry("job", "a Job, of an image or as a CronJob makes it", async () => (await import("./jobs.ts")).job),
    entry("namespace", "a namespace", async () => (await import("./plain.ts")).namespace, ["ns"]),
    entry("poddisruptionbudget", "a PodDisruptionBudget", async () => (await import("./policies.ts")).podDisruptionBudget, ["pdb"]),
    entry("priorityclass", "a PriorityClass", async () => (await import("./policies.ts")).priorityClass, ["pc"]),
    entry("quota", "a ResourceQuota", async () => (await import("./policies.ts")).quota, ["resourcequota"]),
    entry("role", "a Role", async () => (await import("./roles.ts")).role),
    entry("rolebinding", "a RoleBinding", async () => (await import("./bindings.ts")).roleBinding),
    { name: "secret", section, summary: "a Secret", load: async () => secrets },
    { name: "service", aliases: ["svc"], section, summary: "a Service", load: async () => services },
    entry("serviceaccount", "a ServiceAccount", async () => (await import("./plain.ts")).serviceAccount, ["sa"]),
    { name: "token", section, summary: "a token of a ServiceAccount", load: async () => (await import("./token.ts")).token },
  ],
};
