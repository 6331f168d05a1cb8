/** `cluster-info`: where the control plane and the cluster's own services answer. */
import type { Command } from "../command.ts";
import { usageError } from "../errors.ts";

export const clusterInfo: Command = {
  usage: "[flags]",
  about: "Says under which address the control plane answers, and the services that belong to the cluster itself.",
  flags: [],
  async run({ name, args, flags }, environment) {
    if (args.length > 0) throw usageError(name, `unknown command ${JSON.stringify(args[0])}`);
    const { client, transport, resources } = await environment.connect(flags);
    const services = await client.list(await resources.find("services"), {
      namespace: "kube-system",
      labelSelector: "kubernetes.io/cluster-service=true",
    });
    const { isTerminal } = environment.stdout;
    const running = (what: string, where: string): string =>
      isTerminal ? `\x1b[0;32m${what}\x1b[0m is running at \x1b[0;33m${where}\x1b[0m\n` : `${what} is running at ${where}\n`;
    let text = running("Kubernetes control plane", transport.server);
    for (const service of services.items) {
      const { name: own = "", namespace = "", labels = {} } = service.metadata;
      const [port] = service["spec"]?.ports ?? [];
      const which = port?.name ? `${own}:${port.name}` : own;
      const path = `/api/v1/namespaces/${namespace}/services/${which}/proxy`;
      text += running(labels["kubernetes.io/name"] ?? own, transport.server + path);
    }
    environment.stdout.write(text);
    return 0;
  },
};
