/** What `run -it` does when the Pod is made: waits for it, joins it, and ends as it ends. */
import type { Pod } from "../../api/types.ts";
import { pathOf } from "../../client/paths.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import { attachTo } from "../exec/attach.ts";
import { FollowTimeout, followObject } from "../objects/follow-object.ts";
import { podRef } from "../objects/pods-of.ts";
import type { Found } from "../objects/selection.ts";
import { parseTimeout } from "../timeout.ts";

/** How a Pod is joined. */
export interface Joining {
  readonly withStdin: boolean;
  readonly wanted: boolean;
  readonly quiet: boolean;
  readonly removes: boolean;
  readonly graceSeconds: number;
  readonly patience: string;
}

/** How long an ended container's code is waited for. */
const codeWithinMs = 60_000;

const warning =
  "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\n";

const hasEnded = (pod: Pod | undefined): boolean => pod?.status?.phase === "Succeeded" || pod?.status?.phase === "Failed";
const isRunning = (pod: Pod | undefined): boolean => pod?.status?.phase === "Running";

/** Resolves with the exit code of the container, or 0 for one that goes on. Throws `CommandError` for a Pod that does not run in time. */
export async function joinPod(pod: Pod, joining: Joining, connection: Connection, environment: Environment): Promise<number> {
  const { name = "", namespace = "" } = pod.metadata;
  const found = { resource: podRef as Found["resource"], namespace, name };
  const follow = async (test: (pod: Pod | undefined) => boolean, withinMs: number): Promise<Pod | undefined> => {
    const { clock } = environment.world;
    try {
      const within = { clock, withinMs, signal: environment.interrupted };
      return (await followObject(connection, found, (object) => test(object as Pod | undefined), within)) as Pod | undefined;
    } catch (error) {
      throw error instanceof FollowTimeout ? new CommandError("timed out waiting for the condition", { cause: error }) : error;
    }
  };
  try {
    const started = await follow((now) => now === undefined || hasEnded(now) || isRunning(now), parseTimeout(joining.patience) ?? 0);
    if (!started) throw new CommandError(`pods ${JSON.stringify(name)} not found`);
    const container = started.spec?.containers[0]?.name ?? name;
    // What has ended is not there to be joined; it has left its words.
    if (!joining.quiet) environment.stderr.write(warning);
    // With a terminal this is said where it is joined.
    if (!joining.quiet && joining.withStdin && !joining.wanted)
      environment.stderr.write("If you don't see a command prompt, try pressing enter.\n");
    if (hasEnded(started)) await printLog(started, connection, environment);
    else {
      const code = await attachTo(started, container, joining, environment, connection);
      if (code !== 0) return code;
    }
    if (started.spec?.restartPolicy === "Always") {
      if (!joining.removes && !joining.quiet)
        environment.stdout.write(
          `Session ended, resume using 'windlass attach ${name} -c ${container}${joining.withStdin ? " -i" : ""}${joining.wanted ? " -t" : ""}' command when the pod is running\n`,
        );
      return 0;
    }
    const ended = await follow((now) => now === undefined || hasEnded(now), codeWithinMs);
    const { exitCode = 0 } = ended?.status?.containerStatuses?.find((each) => each.name === container)?.state?.terminated ?? {};
    if (exitCode !== 0) environment.stderr.write(`pod ${namespace}/${name} terminated (Error)\n`);
    return exitCode;
  } finally {
    if (joining.removes) await remove(found, joining, connection, environment);
  }
}

async function printLog(pod: Pod, { transport }: Connection, { stdout }: Environment): Promise<void> {
  const { body } = await transport.must({ method: "GET", path: pathOf(podRef, pod.metadata.namespace, pod.metadata.name, "log") });
  stdout.write(body);
}

async function remove(
  { namespace, name }: Pick<Found, "namespace" | "name">,
  { graceSeconds, quiet }: Joining,
  { client }: Connection,
  { stdout }: Environment,
): Promise<void> {
  const grace = graceSeconds >= 0 ? { gracePeriodSeconds: graceSeconds } : {};
  await client.delete(podRef, { namespace: namespace ?? "", name }, { propagationPolicy: "Background", ...grace });
  if (!quiet) stdout.write(`pod ${JSON.stringify(name)} deleted from ${namespace} namespace\n`);
}
