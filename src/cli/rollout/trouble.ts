/**
 * Beside a command that waits for a rollout (`rollout status`): says on stderr what is in its way as soon as it is, once per cause,
 * so that stdout stays what kubectl prints.
 */
import { readLogOver } from "../../release/explain/gather.ts";
import { explanationLines } from "../../release/explain/render.ts";
import { followRollout } from "../../release/view/follow.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { failedCode } from "./exit-codes.ts";
import { type NamedWorkload, placeFlags } from "./find-workloads.ts";
import { letteringOf } from "./terminal.ts";

export interface TroubleWatch {
  /** Rejects with a `CommandError` of exit code 10 as soon as the rollout cannot succeed without a change; never resolves. */
  readonly certain: Promise<never>;
  close(): void;
}

/** Starts at once. What may not be read is nothing to tell; the command it stands beside has errors of its own. */
export function tellTrouble(environment: Environment, connection: Connection, workload: NamedWorkload, flags: Flags): TroubleWatch {
  const told = new Set<string>();
  const lettering = letteringOf(environment.stderr, environment.variable);
  let fail: (error: CommandError) => void = () => {};
  const certain = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Who does not wait for it must not be ended by it.
  certain.catch(() => {});
  let isOver = false;
  const following = followRollout({
    client: connection.client,
    world: environment.world,
    readLog: readLogOver(connection.transport),
    flags: placeFlags(flags),
    ...workload,
    changed(view) {
      if (!view || isOver) return;
      const news = view.explanations.filter(({ certainty, needsPerson, isPassing, code, container }) => {
        if ((certainty === "waiting" && !needsPerson) || isPassing) return false;
        const name = `${code} ${container ?? ""} ${certainty}`;
        return !told.has(name) && told.add(name);
      });
      for (const line of explanationLines(news, { brief: true })) environment.stderr.write(`${lettering.text(line)}\n`);
      if (view.verdict === "failed")
        fail(
          new CommandError(`${workload.kind.ref.kind.toLowerCase()} "${workload.key.name}" cannot succeed as it is`, {
            exitCode: failedCode,
          }),
        );
    },
  });
  following.catch(() => {});
  return {
    certain,
    close() {
      isOver = true;
      following.then(
        (follower) => follower.close(),
        () => {},
      );
    },
  };
}
