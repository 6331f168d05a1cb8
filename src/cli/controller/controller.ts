/** `windlass controller`: runs the release controllers against a cluster, or prints what they need there. */
import { controllerManifest, controllerNamespace } from "../../release/controller/manifest.ts";
import { changedByKey } from "../../release/records/writer.ts";
import type { Command, Environment } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { toYamlText } from "../printing/yaml.ts";

const requestTimeout = "30s";

export const controller: Command = {
  usage: "[manifest] [flags]",
  about:
    "Runs the controllers of releases against a cluster: they record every release, roll back what fails and follow changed configuration, as annotations of workloads ask. `windlass up` does so by itself. Several may run at once; one leads. `windlass controller manifest` prints what is to be applied for it to run inside of the cluster.",
  examples: `# Look after the cluster of a context, from here
windlass controller --context staging --leader-elect=false

# Run it inside of the cluster, with the webhook for configuration revisions
windlass controller manifest --image registry.example/windlass:1 --webhook | kubectl apply -f -`,
  flags: [
    {
      name: "controller-namespace",
      type: "string",
      default: controllerNamespace,
      about: "where the controller, its lease and its certificate live",
    },
    { name: "leader-elect", default: "true", about: "act only while holding the lease" },
    { name: "health-address", type: "string", about: "serve /healthz, /readyz and /metrics there, such as :8080" },
    { name: "webhook-address", type: "string", about: "serve the webhooks there, such as :9443" },
    { name: "webhook-cert", type: "string", about: "file of the webhooks' certificate; else it makes one and keeps it in a Secret" },
    { name: "webhook-key", type: "string", about: "file of that certificate's key" },
    { name: "image", type: "string", about: "of manifest: the image to run" },
    { name: "webhook", about: "of manifest: with the webhook of configuration revisions" },
    { name: "record-users", about: `of manifest: with the webhook that puts each template down to its user, in ${changedByKey}` },
    {
      name: "match-conditions",
      default: "true",
      about: "of manifest: say in CEL which writes concern a webhook; false for Kubernetes before 1.28",
    },
  ],
  async run({ args, flags, name }, environment) {
    if (args.length === 0) {
      refuse(flags, manifestFlags, `a flag of "${name} manifest"`);
      return run(flags, environment);
    }
    if (args.length === 1 && args[0] === "manifest") {
      refuse(flags, runFlags, `no flag of "${name} manifest"`);
      return printManifest(flags, environment);
    }
    throw new CommandError(`unknown command ${JSON.stringify(args[0] === "manifest" ? args[1] : args[0])} for ${JSON.stringify(name)}`);
  },
};

const manifestFlags = ["image", "webhook", "record-users", "match-conditions"];
const runFlags = ["leader-elect", "health-address", "webhook-address", "webhook-cert", "webhook-key"];

/** What would have no effect is a misunderstanding. */
function refuse(flags: Flags, names: readonly string[], why: string): void {
  for (const name of names) if (flags.given(name)) throw new CommandError(`--${name} is ${why}`);
}

async function run(flags: Flags, environment: Environment): Promise<number> {
  const { interrupted } = environment;
  const certificate = flags.string("webhook-cert") || undefined;
  const key = flags.string("webhook-key") || undefined;
  if ((certificate === undefined) !== (key === undefined)) throw new CommandError("--webhook-cert and --webhook-key go together");
  const webhookAddress = addressIn(flags, "webhook-address");
  const healthAddress = addressIn(flags, "health-address");
  const connection = await environment.connect(withPatience(flags));
  try {
    return await environment.engine.controller({
      client: connection.client,
      interrupted,
      ...(connection.isNamespaceGiven && { namespace: connection.namespace }),
      controllerNamespace: flags.string("controller-namespace"),
      leaderElection: flags.bool("leader-elect"),
      ...(healthAddress !== undefined && { healthAddress }),
      ...(webhookAddress !== undefined && {
        webhook: { address: webhookAddress, ...(certificate && { certificate }), ...(key && { key }) },
      }),
    });
  } finally {
    connection.close();
  }
}

/** It runs for weeks: a request that is never answered must not be waited for, unless somebody says how long. */
const withPatience = (flags: Flags): Flags => ({
  ...flags,
  string: (name) => (name === "request-timeout" && !flags.given(name) ? requestTimeout : flags.string(name)),
});

function addressIn(flags: Flags, name: string): string | undefined {
  const address = flags.string(name);
  if (address === "") return undefined;
  if (!/:\d{1,5}$/.test(address))
    throw new CommandError(`--${name} is ${JSON.stringify(address)}; it is an address with a port, such as :8080`);
  return address;
}

function printManifest(flags: Flags, { stdout, version }: Environment): number {
  const only = flags.string("namespace") || undefined;
  const objects = controllerManifest({
    namespace: flags.string("controller-namespace"),
    image: flags.string("image") || `windlass:${version}`,
    webhook: flags.bool("webhook"),
    recordUsers: flags.bool("record-users"),
    matchConditions: flags.bool("match-conditions"),
    ...(only !== undefined && { only }),
  });
  stdout.write(objects.map((object) => toYamlText(object)).join("---\n"));
  return 0;
}
