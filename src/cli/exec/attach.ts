/** `attach`: joins a container that runs, from now on. */
import { pathOf, queryText } from "../../client/paths.ts";
import type { Pod } from "../../api/types.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, usageError } from "../errors.ts";
import { containerOf, containersOf, firstPodOf, podRef } from "../objects/pods-of.ts";
import { parseTimeout } from "../timeout.ts";
import { runRemote } from "./remote-command.ts";
import { sessionFlags } from "./session-flags.ts";
import { terminalOf, type TerminalWish } from "./terminal.ts";

const flags = sessionFlags({ container: "to this container", of: "container" });

export const attach: Command = {
  usage: "(POD | TYPE/NAME) [-c CONTAINER] [-i] [-t] [flags]",
  about: "Joins what a container writes from now on, and hands it the input with -i.",
  examples: `windlass attach web-0
windlass attach -it shell`,
  flags,
  completes: "pods",
  async run({ flags: given, args, name: invoked }, environment) {
    const [target, more] = args;
    if (target === undefined) throw new CommandError("at least 1 argument is required for attach");
    if (more !== undefined)
      throw usageError(invoked, `expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${args.length}: [${args.join(" ")}]`);
    const connection = await environment.connect(given);
    try {
      const { pod } = await firstPodOf(environment, connection, target, parseTimeout(given.string("pod-running-timeout")) ?? 0);
      const { phase } = pod.status ?? {};
      if (phase === "Succeeded" || phase === "Failed")
        throw new CommandError(`cannot attach a container in a completed pod; current phase is ${phase}`);
      const container = containerOf(pod, given.string("container"), environment);
      const wish = { withStdin: given.bool("stdin"), wanted: given.bool("tty"), quiet: given.bool("quiet") };
      return await attachTo(pod, container, wish, environment, connection);
    } finally {
      connection.close();
    }
  },
};

/** Joins a container of a Pod until it ends or is left. Resolves with the exit code. */
export async function attachTo(
  pod: Pod,
  container: string,
  { withStdin, wanted, quiet }: TerminalWish,
  environment: Environment,
  connection: Connection,
): Promise<number> {
  const hasTerminal = containersOf(pod).find((each) => each.name === container)?.tty === true;
  if (wanted && !hasTerminal && !quiet)
    environment.stderr.write(`error: Unable to use a TTY - container ${container} did not allocate one\n`);
  const withTerminal = terminalOf({ withStdin, wanted: wanted && hasTerminal, quiet }, environment);
  if (withTerminal && !quiet) environment.stderr.write("If you don't see a command prompt, try pressing enter.\n");
  const { name, namespace } = pod.metadata;
  const query = queryText({
    container,
    stdin: withStdin || undefined,
    stdout: true,
    stderr: hasTerminal ? undefined : true,
    tty: hasTerminal || undefined,
  });
  return runRemote({ path: pathOf(podRef, namespace, name, "attach") + query, withStdin, withTerminal }, environment, connection);
}
