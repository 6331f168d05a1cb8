/** `run`: an image in a Pod, on its own or joined to the terminal here. */
import type { Pod } from "../../api/types.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import { make, requireFlags, saveConfigFlag } from "../create/generator.ts";
import { matchLabelsOf } from "../create/labels.ts";
import { CommandError, usageError } from "../errors.ts";
import { portNumber, serviceRef } from "../expose/expose.ts";
import type { Flag, Flags } from "../flags.ts";
import { changeCauseAnnotation, changeCauseOf, recordFlag } from "../objects/change-cause.ts";
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { fieldManagerFlag } from "../objects/local.ts";
import { overridden, overrideFlags } from "../objects/overrides.ts";
import { podRef } from "../objects/pods-of.ts";
import { toUnsortedJsonText } from "../printing/json.ts";
import { objectLine, printFlags, type Printer, printerOf } from "../printing/printer.ts";
import { type Joining, joinPod } from "./join-pod.ts";

const flags: readonly Flag[] = [
  ...printFlags,
  dryRunFlag,
  fieldManagerFlag,
  saveConfigFlag,
  recordFlag,
  ...overrideFlags,
  { name: "image", type: "string", about: "the image" },
  { name: "image-pull-policy", type: "string", about: "Always, IfNotPresent or Never" },
  { name: "command", about: "take the words as the command instead of its arguments" },
  { name: "env", type: "array", about: "a variable, as NAME=VALUE; may be given several times" },
  { name: "port", type: "string", about: "the port that the container listens on" },
  { name: "expose", about: "also make a Service for --port" },
  { name: "labels", short: "l", type: "string", about: "labels of the Pod, as a=b,c=d; default: run=NAME" },
  { name: "annotations", type: "array", about: "an annotation, as KEY=VALUE; may be given several times" },
  { name: "restart", type: "string", default: "Always", about: "Always, OnFailure or Never" },
  { name: "privileged", about: "run it privileged" },
  { name: "stdin", short: "i", about: "hand the input on to the container, and join it" },
  { name: "tty", short: "t", about: "with a terminal, and join it" },
  { name: "attach", about: "join the container when it runs" },
  { name: "leave-stdin-open", about: "with -i: the container's input stays open when the first one has left" },
  { name: "rm", about: "delete the Pod when it has ended or was left; only joined ones" },
  { name: "quiet", short: "q", about: "print nothing but what the container prints" },
  { name: "pod-running-timeout", type: "string", default: "1m0s", about: "how long to wait for the Pod to run" },
  { name: "grace-period", type: "int", default: "-1", about: "with --rm: seconds to end in; -1: the Pod's own" },
];

export const runPod: Command = {
  usage: "NAME --image=IMAGE [--env=NAME=VALUE] [--port=PORT] [-i] [-t] [--rm] [flags] [-- COMMAND | ARGUMENTS...]",
  about: "Runs an image in a Pod.",
  examples: `windlass run web --image=nginx:1.18 --port=80 --expose
windlass run -it --rm shell --image=busybox --restart=Never -- sh`,
  flags,
  async run(invocation, environment) {
    const { flags: given, args, name: invoked } = invocation;
    requireFlags(given, ["image"]);
    const joins = joinsOf(given);
    const dryRun = dryRunOf(given, environment);
    check(invocation, joins, dryRun);
    const name = args[0] as string;
    const printer = await printerOf(given, environment, dryRun === "client" ? { jsonText: toUnsortedJsonText } : {});
    const pod = overridden(podFor(name, invocation), "core.v1.Pod", given);
    const connection = await environment.connect(given);
    try {
      const options = { dryRun, savesConfig: given.bool("save-config"), fieldManager: given.string("field-manager") || "kubectl-run" };
      const say = sayer(printer, dryRun, environment);
      if (given.bool("expose")) {
        if (given.string("port") === "") throw usageError(invoked, "--port must be set when exposing a service");
        say(await make(serviceFor(name, given), { ...options, kind: serviceRef }, connection));
        if (given.string("output") === "yaml") environment.stdout.write("---\n");
      }
      const made = (await make(pod, { ...options, kind: podRef }, connection)) as Pod;
      if (!joins) {
        say(made);
        return 0;
      }
      return await joinPod(made, joins, connection, environment);
    } finally {
      connection.close();
    }
  },
};

const sayer =
  (printer: Printer | undefined, dryRun: DryRun, { stdout }: Environment) =>
  (object: any): void =>
    stdout.write(printer ? printer(object) : objectLine(object, "created", dryRunSuffix(dryRun)));

function joinsOf(flags: Flags): Joining | undefined {
  const isJoined = flags.given("attach") ? flags.bool("attach") : flags.bool("stdin") || flags.bool("tty");
  if (!isJoined) return undefined;
  return {
    withStdin: flags.bool("stdin"),
    wanted: flags.bool("tty"),
    quiet: flags.bool("quiet"),
    removes: flags.bool("rm"),
    graceSeconds: flags.int("grace-period"),
    patience: flags.string("pod-running-timeout"),
  };
}

/** Throws for flags that make no sense, in kubectl's order. */
function check({ flags, args, argsBeforeDashes, name }: Invocation, joins: Joining | undefined, dryRun: DryRun): void {
  if (args.length === 0 || argsBeforeDashes === 0) throw usageError(name, "NAME is required for run");
  const image = flags.string("image");
  if (image === "") throw new CommandError("--image is required");
  if (!/^[\w.:/@-]+$/.test(image) || /[A-Z]/.test(image.split(/[:@]/)[0]?.split("/").slice(-1)[0] ?? ""))
    throw new CommandError(`Invalid image name ${JSON.stringify(image)}: invalid reference format`);
  if (flags.bool("tty") && !flags.bool("stdin")) throw usageError(name, "-i/--stdin is required for containers with -t/--tty=true");
  if (joins && dryRun !== "none")
    throw usageError(name, "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)");
  if (flags.bool("rm") && !joins) throw usageError(name, "--rm should only be used for attached containers");
  const policy = flags.string("image-pull-policy");
  if (!["", "Always", "IfNotPresent", "Never"].includes(policy)) throw usageError(name, `invalid image pull policy: ${policy}`);
  const restart = flags.string("restart");
  if (!["", "Always", "OnFailure", "Never"].includes(restart)) throw usageError(name, `invalid restart policy: ${restart}`);
}

function podFor(name: string, invocation: Invocation): Record<string, any> {
  const { flags, args } = invocation;
  const words = args.slice(1);
  const labels = flags.string("labels") === "" ? { run: name } : matchLabelsOf(flags.string("labels"));
  const causes = flags.bool("record") ? [[changeCauseAnnotation, changeCauseOf(invocation)]] : [];
  const annotations = Object.fromEntries([...flags.list("annotations").map((pair) => pairOf(pair, "annotation")), ...causes]);
  const port = flags.string("port");
  const withStdin = flags.bool("stdin");
  return {
    metadata: { name, labels, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: {
      containers: [
        {
          name,
          image: flags.string("image"),
          ...(words.length > 0 && { [flags.bool("command") ? "command" : "args"]: words }),
          ...(port !== "" && { ports: [{ containerPort: portNumber(port) }] }),
          ...(flags.list("env").length > 0 && { env: flags.list("env").map(variable) }),
          resources: {},
          ...(flags.string("image-pull-policy") !== "" && { imagePullPolicy: flags.string("image-pull-policy") }),
          ...(flags.bool("privileged") && { securityContext: { privileged: true } }),
          ...(withStdin && { stdin: true, ...(!flags.bool("leave-stdin-open") && { stdinOnce: true }) }),
          ...(flags.bool("tty") && { tty: true }),
        },
      ],
      restartPolicy: flags.string("restart") || "Always",
      dnsPolicy: "ClusterFirst",
    },
    status: {},
  };
}

function variable(text: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandError(`invalid env: ${text}`);
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

function pairOf(text: string, what: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandError(`unexpected ${what} spec: ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function serviceFor(name: string, flags: Flags): Record<string, any> {
  const port = portNumber(flags.string("port"));
  const selector = flags.string("labels") === "" ? { run: name } : matchLabelsOf(flags.string("labels"));
  return {
    metadata: { name },
    spec: { ports: [{ protocol: "TCP", port, targetPort: port }], selector },
    status: { loadBalancer: {} },
  };
}
