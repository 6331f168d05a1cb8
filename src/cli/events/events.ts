/** `events`: what happened, oldest first, and what happens. */
import { ApiError } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Event } from "../../api/types.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { byLastTime, timesOf } from "../describe/lines.ts";
import { NoResourceError } from "../discovery/resource.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { allNamespacesFlag } from "../objects/selection.ts";
import { columnAligner } from "../printing/columns.ts";
import { printFlags, printerOf } from "../printing/printer.ts";
import { eventRef } from "./event-ref.ts";

const flags: readonly Flag[] = [
  allNamespacesFlag,
  ...printFlags,
  { name: "for", type: "string", about: "only about this object, as TYPE/NAME" },
  { name: "types", type: "list", about: "only of these types: Normal, Warning" },
  { name: "watch", short: "w", about: "go on and print every new one" },
  { name: "no-headers", about: "leave out the line of titles" },
  { name: "chunk-size", type: "int", default: "500", about: "size of the pages in which they are asked for; 0: everything at once" },
];

export const events: Command = {
  usage: "[--for=TYPE/NAME] [--types=Normal,Warning] [-A] [-w] [flags]",
  about: "Lists events, those that were seen last at the end.",
  examples: `windlass events --for deployment/web
windlass events --types=Warning -A --watch`,
  flags,
  async run({ flags: given }, environment) {
    const types = typesOf(given);
    const printer = await printerOf(given, environment);
    const connection = await environment.connect(given);
    try {
      const isEverywhere = given.bool("all-namespaces");
      const where = isEverywhere ? {} : { namespace: connection.namespace };
      const fieldSelector = await aboutOf(given.string("for"), connection);
      const selector = fieldSelector === "" ? {} : { fieldSelector };
      const isWanted = ({ type }: Event): boolean => types.length === 0 || types.some((each) => each === type?.toLowerCase());
      const { items, resourceVersion } = await listAll(connection, { ...where, ...selector }, given.int("chunk-size"));
      const found = items.filter(isWanted).sort(byLastTime);
      const isWatching = given.bool("watch");
      if (found.length === 0 && !isWatching) {
        environment.stderr.write(isEverywhere ? "No events found.\n" : `No events found in ${connection.namespace} namespace.\n`);
        return 0;
      }
      const table = tableOf(given, environment);
      if (printer && !isWatching) {
        const items = found.map(whole);
        const list = { apiVersion: "v1", items, kind: "EventList", metadata: {} } as unknown as AnyObject;
        environment.stdout.write(given.string("output") === "name" ? items.map(printer).join("") : printer(list));
        return 0;
      }
      const print = (some: readonly Event[]): void =>
        environment.stdout.write(printer ? some.map(whole).map(printer).join("") : table(some));
      print(found);
      if (!isWatching) return 0;
      await follow(connection, { ...where, ...selector, resourceVersion }, environment, (event) => {
        if (isWanted(event)) print([event]);
      });
      return 0;
    } finally {
      connection.close();
    }
  },
};

/** With the fields that an Event always has in kubectl's types. */
const whole = (event: Event): AnyObject =>
  ({
    eventTime: null,
    firstTimestamp: null,
    lastTimestamp: null,
    reportingComponent: "",
    reportingInstance: "",
    source: {},
    ...event,
  }) as unknown as AnyObject;

function typesOf(flags: Flags): string[] {
  const types = flags.list("types").map((type) => type.toLowerCase());
  if (types.some((type) => type !== "normal" && type !== "warning")) throw new CommandError("valid --types are Normal or Warning");
  return types;
}

/** The field selector of what --for names; "" for nothing. */
async function aboutOf(text: string, { resources }: Connection): Promise<string> {
  if (text === "") return "";
  const [type = "", name = "", ...more] = text.split("/");
  if (type === "" || name === "" || more.length > 0) throw new CommandError("--for must be in resource/name form");
  try {
    const { kind } = await resources.find(type);
    return `involvedObject.kind=${kind},involvedObject.name=${name}`;
  } catch (error) {
    // Told without `error: `, as kubectl does here.
    if (error instanceof NoResourceError) throw new AggregateError([new CommandError(error.message, { cause: error })]);
    throw error;
  }
}

async function listAll(
  { client }: Connection,
  options: { readonly namespace?: string; readonly fieldSelector?: string },
  chunk: number,
): Promise<{ readonly items: Event[]; readonly resourceVersion: string }> {
  const items: Event[] = [];
  let from: string | undefined;
  for (;;) {
    const page = await client.list(eventRef, { ...options, ...(chunk > 0 && { limit: chunk }), ...(from && { continue: from }) });
    items.push(...page.items);
    if (!page.continue) return { items, resourceVersion: page.resourceVersion };
    from = page.continue;
  }
}

/** Lines of the table; titles stand above the first ones. */
function tableOf(flags: Flags, { world }: Environment): (some: readonly Event[]) => string {
  const aligner = columnAligner();
  const withNamespace = flags.bool("all-namespaces");
  let isFirst = !flags.bool("no-headers");
  return (some) => {
    const lines = some.map((event) => [
      ...(withNamespace ? [event.metadata.namespace ?? ""] : []),
      timesOf(event, world.clock.now()),
      event.type ?? "",
      event.reason ?? "",
      `${event.involvedObject?.kind ?? ""}/${event.involvedObject?.name ?? ""}`,
      (event.message ?? "").trim(),
    ]);
    const titles = [...(withNamespace ? ["NAMESPACE"] : []), "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
    const text = aligner.align(isFirst ? [titles, ...lines] : lines);
    isFirst = false;
    return text;
  };
}

/** Until it is interrupted, or the server ends the watch. */
function follow(
  { client }: Connection,
  options: { readonly namespace?: string; readonly fieldSelector?: string; readonly resourceVersion: string },
  { interrupted }: Environment,
  seen: (event: Event) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      watch.close();
      reject(interrupted.reason);
    };
    const watch = client.watch(eventRef, options, {
      event({ type, object }) {
        if (type === "ADDED" || type === "MODIFIED") seen(object as Event);
      },
      end(error) {
        interrupted.removeEventListener("abort", aborted);
        if (error instanceof ApiError && error.code !== 410) reject(error);
        else resolve();
      },
    });
    interrupted.addEventListener("abort", aborted, { once: true });
  });
}
