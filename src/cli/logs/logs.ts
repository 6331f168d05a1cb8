/** `logs`: what containers have written. */
import { isNotFound } from "../../api/errors.ts";
import type { Pod } from "../../api/types.ts";
import { pathOf, queryText } from "../../client/paths.ts";
import { parseTime } from "../../base/time.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, usageError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { containerOf, containersOf, firstPodOf, podRef, podsOf } from "../objects/pods-of.ts";
import { selectorFlag } from "../objects/selection.ts";
import { timeoutOf } from "../timeout.ts";

const flags: readonly Flag[] = [
  selectorFlag,
  { name: "all-containers", about: "of every container of the Pod" },
  { name: "all-pods", about: "of every Pod of the workload; with --prefix" },
  { name: "container", short: "c", type: "string", about: "of this container" },
  { name: "follow", short: "f", about: "go on as more is written" },
  { name: "ignore-errors", about: "go on where one of several logs can't be read" },
  { name: "limit-bytes", type: "int", default: "0", about: "at most so many bytes; 0: all" },
  { name: "max-log-requests", type: "int", default: "5", about: "follow at most so many logs at once" },
  { name: "pod-running-timeout", type: "string", default: "20s", about: "how long to wait for a Pod where there is none" },
  { name: "prefix", about: "put the Pod and the container before every line" },
  { name: "previous", short: "p", about: "of the container's life before this one" },
  { name: "since", type: "string", default: "0s", about: "only what is younger, such as 5m" },
  { name: "since-time", type: "string", about: "only what was written after this time (RFC 3339)" },
  { name: "tail", type: "int", default: "-1", about: "only the last lines; -1: all, or 10 with -l" },
  { name: "timestamps", about: "the time before every line" },
  { name: "insecure-skip-tls-verify-backend", about: "do not verify who the node is", hidden: true },
];

const selectedTail = 10;
/** How a program ends that Ctrl-C ended. */
const interruptedCode = 130;

export const logs: Command = {
  usage: "[-f] [-p] (POD | TYPE/NAME | -l LABELS) [-c CONTAINER] [flags]",
  about:
    "Prints what the containers of a Pod have written to their standard output and error. Of a workload it takes one Pod, unless told otherwise.",
  examples: `windlass logs -f deployment/web
windlass logs -l app=web --all-containers --prefix
windlass logs web-0 -c init --previous`,
  flags,
  completes: "pods",
  async run(invocation, environment) {
    const { flags: given } = invocation;
    check(invocation);
    const connection = await environment.connect(given);
    try {
      const sources = await sourcesOf(invocation, environment, connection);
      const isMany = sources.length > 1;
      if (given.bool("follow") && sources.length > given.int("max-log-requests")) {
        throw new CommandError(
          `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${given.int("max-log-requests")}, use --max-log-requests to increase the limit`,
        );
      }
      const read = async (source: Source): Promise<void> => {
        try {
          await printLog(source, { prefix: given.bool("prefix") || given.bool("all-pods"), isMany }, given, environment, connection);
        } catch (error) {
          if (!given.bool("ignore-errors")) throw error;
          environment.stdout.write(`error: ${(error as Error).message}\n`);
        }
      };
      if (given.bool("follow")) await Promise.all(sources.map(read));
      else for (const source of sources) await read(source);
      return environment.interrupted.aborted ? interruptedCode : 0;
    } finally {
      connection.close();
    }
  },
};

const expected =
  "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";

function check({ flags: given, name, args }: Invocation): void {
  const hasSelector = given.string("selector") !== "";
  if (args.length === 0 && !hasSelector) throw usageError(name, expected);
  if (args.length > 0 && hasSelector) throw usageError(name, "only a selector (-l) or a POD name is allowed");
  if (args.length > 2) throw usageError(name, expected);
  if (args.length === 2 && given.string("container") !== "")
    throw new CommandError("only one of -c or an inline [CONTAINER] arg is allowed");
  if (given.bool("all-containers") && (given.string("container") !== "" || args.length === 2))
    throw new CommandError("--all-containers=true should not be specified with container name");
  if (given.string("since-time") !== "" && given.given("since"))
    throw new CommandError("at most one of `sinceTime` or `sinceSeconds` may be specified");
  const sinceTime = given.string("since-time");
  if (sinceTime !== "" && parseTime(sinceTime) === undefined)
    throw new CommandError(`parsing time ${JSON.stringify(sinceTime)}: it is not RFC 3339`);
  timeoutOf(given, "since");
  timeoutOf(given, "pod-running-timeout");
  if (given.int("tail") < -1) throw new CommandError("--tail must be greater than or equal to -1");
}

interface Source {
  readonly pod: Pod;
  readonly container: string;
}

async function sourcesOf({ flags: given, args }: Invocation, environment: Environment, connection: Connection): Promise<Source[]> {
  const selector = given.string("selector");
  const name = args[1] ?? given.string("container");
  const pods = await podsMeant(selector, args[0] ?? "", given, environment, connection);
  return pods.flatMap((pod) => {
    if (given.bool("all-containers")) return containersOf(pod).map((container) => ({ pod, container: container.name }));
    return [{ pod, container: containerOf(pod, name, environment) }];
  });
}

async function podsMeant(
  selector: string,
  word: string,
  given: Flags,
  environment: Environment,
  connection: Connection,
): Promise<readonly Pod[]> {
  if (selector !== "") {
    const { items } = await connection.client.list(podRef, { namespace: connection.namespace, labelSelector: selector });
    if (items.length === 0) environment.stderr.write(`No resources found in ${connection.namespace} namespace.\n`);
    return items;
  }
  if (given.bool("all-pods")) return (await podsOf(environment, connection, word)).pods;
  const patienceMs = timeoutOf(given, "pod-running-timeout");
  const { pod, pods, object } = await firstPodOf(environment, connection, word, patienceMs).catch((error: unknown) => {
    if (!isNotFound(error) || (word.includes("/") && !/^po(ds?)?\//.test(word))) throw error;
    throw new CommandError(
      `error from server (NotFound): ${(error as Error).message} in namespace ${JSON.stringify(connection.namespace)}`,
      {
        cause: error,
      },
    );
  });
  if (object.kind !== "Pod" && pods.length > 1) environment.stderr.write(`Found ${pods.length} pods, using pod/${pod.metadata.name}\n`);
  return [pod];
}

function queryOf(given: Flags, container: string): string {
  const sinceMs = timeoutOf(given, "since");
  const sinceTime = given.string("since-time");
  const tail = given.given("tail") ? given.int("tail") : given.string("selector") === "" ? -1 : selectedTail;
  return queryText({
    container,
    ...(given.bool("follow") && { follow: true }),
    ...(given.bool("previous") && { previous: true }),
    ...(given.bool("timestamps") && { timestamps: true }),
    ...(tail >= 0 && { tailLines: tail }),
    ...(sinceMs > 0 && { sinceSeconds: Math.ceil(sinceMs / 1000) }),
    ...(sinceTime !== "" && { sinceTime }),
    ...(given.int("limit-bytes") > 0 && { limitBytes: given.int("limit-bytes") }),
    ...(given.bool("insecure-skip-tls-verify-backend") && { insecureSkipTLSVerifyBackend: true }),
  });
}

interface Style {
  readonly prefix: boolean;
  /** Others are printed at the same time: whole lines only. */
  readonly isMany: boolean;
}

/** Resolves when the log ends. */
function printLog(
  { pod, container }: Source,
  { prefix, isMany }: Style,
  given: Flags,
  { stdout, interrupted }: Environment,
  { transport }: Connection,
): Promise<void> {
  const { name = "", namespace } = pod.metadata;
  const path = pathOf(podRef, namespace, name, "log") + queryOf(given, container);
  const before = prefix ? `[pod/${name}/${container}] ` : "";
  let rest = "";
  const decoder = new TextDecoder();
  const byLine = (chunk: Uint8Array): void => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) stdout.write(lines.map((line) => `${before}${line}\n`).join(""));
  };
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      interrupted.removeEventListener("abort", stop);
      if (rest !== "") stdout.write(`${before}${rest}\n`);
      if (error) reject(error);
      else resolve();
    };
    const stream = transport.stream(
      { method: "GET", path },
      { data: prefix || isMany ? byLine : (chunk) => stdout.write(chunk), end: finish },
    );
    const stop = (): void => {
      stream.close();
      finish();
    };
    interrupted.addEventListener("abort", stop, { once: true });
  });
}
