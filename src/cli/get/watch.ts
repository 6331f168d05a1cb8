/** `get -w`: what is there, then every change, a line or an object each. */
import { ApiError } from "../../api/errors.ts";
import type { Status } from "../../api/types.ts";
import { ConnectionError } from "../../client/client.ts";
import { lineSplitter } from "../../client/lines.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import { columnAligner } from "../printing/columns.ts";
import { objectFormat } from "./formats.ts";
import type { GetRequest } from "./request.ts";
import { styleOf, tablePath } from "./print-tables.ts";
import { headerOf, rowsOf, type Table, tableMediaType, tableOf } from "./table.ts";
import type { Target } from "./targets.ts";

/** Ends when the server ends the watch, or with Ctrl-C. */
export async function watchObjects(request: GetRequest, environment: Environment, connection: Connection): Promise<number> {
  const { targets, flags, format } = request;
  const [target] = targets;
  if (targets.length !== 1 || !target)
    throw new CommandError(`watch is only supported on individual resources and resource collections - more than 1 resource was found`);
  const isTable = ["", "wide"].includes(format);
  const show = isTable ? tableShower(request, target, environment) : await objectShower(request, environment);
  const accept = isTable ? tableMediaType : "application/json";

  const path = tablePath(target, request, {});
  const { body } = await connection.transport.must({ method: "GET", path, headers: { accept } });
  const initial = JSON.parse(new TextDecoder().decode(body));
  const resourceVersion: string = initial.metadata?.resourceVersion ?? "";
  // A single object is watched as the list that it alone is in.
  const listed: Target = target.name === undefined ? target : { ...target, name: undefined, fieldSelector: `metadata.name=${target.name}` };
  if (!flags.bool("watch-only")) show("ADDED", initial);
  const watchPath = tablePath(listed, request, { watch: true, resourceVersion: resourceVersion });
  await follow(connection, watchPath, accept, environment, show);
  return 0;
}

type Show = (type: string, answer: any) => void;

function tableShower(request: GetRequest, { resource }: Target, { stdout, world }: Environment): Show {
  const { flags } = request;
  const style = styleOf(request, resource, false);
  const withEvents = flags.bool("output-watch-events");
  const aligner = columnAligner();
  let columns: Table["columnDefinitions"] | undefined;
  return (type, answer) => {
    const table = tableOf(answer, world.clock.now());
    // Only the first table of a watch says what its columns are.
    const known = table.columnDefinitions?.length > 0 ? table.columnDefinitions : (columns ?? []);
    const full = { ...table, columnDefinitions: known };
    const lines = rowsOf(full, style, resource).map((cells) => (withEvents ? [type, ...cells] : cells));
    if (lines.length === 0) return;
    if (columns === undefined && !flags.bool("no-headers"))
      lines.unshift(withEvents ? ["EVENT", ...headerOf(full, style)] : headerOf(full, style));
    columns = known;
    stdout.write(aligner.align(lines));
  };
}

async function objectShower(request: GetRequest, environment: Environment): Promise<Show> {
  const format = await objectFormat(request, environment);
  const withEvents = request.flags.bool("output-watch-events");
  return (type, answer) => {
    const objects = Array.isArray(answer.items) ? answer.items : [answer];
    for (const object of objects) {
      const full = {
        ...object,
        apiVersion: object.apiVersion ?? answer.apiVersion,
        kind: object.kind ?? String(answer.kind ?? "").replace(/List$/, ""),
      };
      environment.stdout.write(format.print(withEvents ? ({ type, object: full } as any) : full));
    }
  };
}

/** Resolves when the stream ends. Throws what the server says instead of a change. */
function follow(
  { transport }: Connection,
  path: string,
  accept: string,
  { interrupted }: Environment,
  change: (type: string, object: any) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      stream.close();
      reject(error);
    };
    const lines = lineSplitter((line) => {
      const event = JSON.parse(line) as { type: string; object: any };
      if (event.type === "ERROR") fail(new ApiError(event.object as Status));
      else if (event.type !== "BOOKMARK") change(event.type, event.object);
    });
    const stream = transport.stream(
      { method: "GET", path, headers: { accept } },
      {
        data(chunk) {
          try {
            if (!lines.push(chunk)) fail(new ConnectionError("the watch sent an event without an end"));
          } catch (error) {
            fail(error as Error);
          }
        },
        end: (error) => (error ? reject(error) : resolve()),
      },
    );
    interrupted.addEventListener("abort", () => {
      stream.close();
      resolve();
    });
  });
}
