/** `wait`: until a condition, a value, the beginning or the end of objects. */
import { notFound } from "../../api/errors.ts";
import type { Command } from "../command.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { findObjects } from "../objects/find-objects.ts";
import { FollowTimeout, followObject } from "../objects/follow-object.ts";
import { allFlag, allNamespacesFlag, fieldSelectorFlag, fileFlags, type Found, selectionOf, selectorFlag } from "../objects/selection.ts";
import { doneLine, printFlags, printerOf } from "../printing/printer.ts";
import { sleep } from "../../base/clock.ts";
import { timeoutOf } from "../timeout.ts";
import { parseFor, type WaitFor } from "./condition.ts";

const flags: readonly Flag[] = [
  ...fileFlags.filter(({ name }) => name !== "kustomize").map((flag) => (flag.name === "recursive" ? { ...flag, default: "true" } : flag)),
  selectorFlag,
  fieldSelectorFlag,
  allFlag,
  allNamespacesFlag,
  ...printFlags,
  {
    name: "for",
    type: "string",
    about: "what to wait for: create, delete, condition=NAME[=VALUE] or jsonpath='{PATH}'[=VALUE]",
  },
  { name: "timeout", type: "string", default: "30s", about: "how long to wait; 0: look once; negative: a week" },
  { name: "local", about: "accepted; objects are always the server's", hidden: true },
];

const weekMs = 7 * 24 * 3_600_000;
const lookEveryMs = 200;

export const wait: Command = {
  usage: "(-f FILENAME | TYPE NAME... | TYPE (-l LABELS | --all) | TYPE/NAME...) --for=... [flags]",
  about: "Waits until objects have a condition or a value, are there, or are gone.",
  examples: `# A Pod that is ready, a Deployment that is available
windlass wait --for=condition=Ready pod/web-0
windlass wait --for=condition=Available deployment/web --timeout=60s

# A value
windlass wait --for=jsonpath='{.status.loadBalancer.ingress}' service/web

# The end of Pods with a label
windlass wait --for=delete pod -l app=web`,
  flags,
  completes: "objects",
  async run({ args, flags: given }, environment) {
    const goal = parseFor(given.string("for"));
    const timeoutMs = timeoutOf(given, "timeout");
    const withinMs = timeoutMs < 0 ? weekMs : timeoutMs;
    const { clock } = environment.world;
    const deadline = clock.monotonic() + withinMs;
    const connection = await environment.connect(given);
    try {
      const printer = await printerOf(given, environment);
      const selection = selectionOf(
        args,
        given,
        flags.filter(({ name }) => name !== "filename"),
      );
      const sources = { filenames: given.list("filename"), recursive: given.bool("recursive"), kustomize: "" };
      const find = async (): Promise<readonly Found[]> => {
        const { found, errors } = await findObjects(environment, connection, { ...selection, files: sources });
        throwAll(errors);
        return found;
      };
      let found = await find();
      // What is to be there may not be yet.
      while (found.length === 0 && goal.kind === "create" && clock.monotonic() < deadline) {
        await sleep(clock, lookEveryMs, environment.interrupted);
        found = await find();
      }
      if (found.length === 0) {
        if (goal.kind === "delete") return 0;
        throw new CommandError("no matching resources found");
      }
      const failures: Error[] = [];
      for (const each of found) {
        try {
          const left = Math.max(0, deadline - clock.monotonic());
          const { object, wasThere } = await waitFor(each, goal, left);
          // Whoever waits for the end of what is not there hears nothing.
          if (goal.kind === "delete" && !wasThere) continue;
          environment.stdout.write(printer && object ? printer(object) : doneLine(each.resource, each.name, "condition met"));
        } catch (error) {
          if (!(error instanceof FollowTimeout)) failures.push(error as Error);
          else failures.push(new CommandError(lateText(each, goal, timeoutMs), { cause: error }));
        }
      }
      throwAll(failures);
      return 0;
    } finally {
      connection.close();
    }

    async function waitFor(each: Found, goal: WaitFor, withinMs: number) {
      const { resource } = each;
      let isFirst = true;
      const uid = each.source === undefined ? each.object?.metadata.uid : undefined;
      let wasThere = false;
      const object = await followObject(
        connection,
        each,
        (object) => {
          if (isFirst) wasThere = object !== undefined;
          const now = object !== undefined && uid !== undefined && object.metadata.uid !== uid ? undefined : object;
          // What is not there at the beginning will have no condition; what goes later may come again.
          if (now === undefined && isFirst && (goal.kind === "condition" || goal.kind === "jsonpath"))
            throw notFound({ group: resource.group, resource: resource.plural, name: each.name });
          isFirst = false;
          return goal.test(now);
        },
        { clock, withinMs, signal: environment.interrupted },
      );
      return { object, wasThere };
    }
  },
};

/** Who looks only once is told what is not so; who waits, that the time is over. */
function lateText({ resource, name }: Found, { kind }: WaitFor, timeoutMs: number): string {
  const which = `${resource.plural}/${name}`;
  if (kind === "create") return "timed out waiting for the condition";
  if (timeoutMs === 0 && kind !== "delete") return `condition not met for ${which}`;
  return `timed out waiting for the condition on ${which}`;
}
