/** The tables of `get`: one for each type, made by the server. */
import { isNotFound } from "../../api/errors.ts";
import { pathOf, queryText } from "../../client/paths.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import type { Resource } from "../discovery/resource.ts";
import { throwAll } from "../errors.ts";
import { listError } from "../objects/list-error.ts";
import { type ColumnAligner, columnAligner } from "../printing/columns.ts";
import type { GetRequest } from "./request.ts";
import { sortedBy } from "./sort-by.ts";
import { headerOf, rowsOf, type Table, type TableStyle, tableMediaType, tableOf } from "./table.ts";
import type { Target } from "./targets.ts";

/** Prints what there is; what fails is told when the rest is out. */
export async function printTables(request: GetRequest, environment: Environment, connection: Connection): Promise<number> {
  const { targets, flags } = request;
  const errors: Error[] = [];
  // All at once: answers are printed in the order of the command line, whichever is first.
  const answers = await Promise.all(
    targets.map((target) =>
      fetchTable(target, request, environment, connection).catch((error: Error) => {
        if (!(flags.bool("ignore-not-found") && isNotFound(error))) errors.push(targetError(error, target));
        return undefined;
      }),
    ),
  );
  const withKind = isOfSeveralKinds(targets);
  let last: { resource: Resource; aligner: ColumnAligner; lines: string[][] } | undefined;
  let written = "";
  const flush = (): void => {
    if (last && last.lines.length > 0) written += (written === "" || flags.bool("no-headers") ? "" : "\n") + last.aligner.align(last.lines);
  };
  for (const [at, table] of answers.entries()) {
    if (!table) continue;
    const { resource } = targets[at] as Target;
    const style = styleOf(request, resource, withKind);
    if (last?.resource !== resource) {
      flush();
      last = { resource, aligner: columnAligner(), lines: [] };
    }
    if (table.rows.length === 0) continue;
    if (last.lines.length === 0 && !flags.bool("no-headers")) last.lines.push(headerOf(table, style));
    last.lines.push(...rowsOf(table, style, resource));
  }
  flush();
  environment.stdout.write(written);
  if (written === "" && errors.length === 0 && !flags.bool("ignore-not-found")) sayNothingFound(request, environment, connection);
  throwAll(errors);
  return 0;
}

/** How the tables of one resource look. */
export function styleOf({ flags, format, allNamespaces }: GetRequest, resource: Resource, withKind: boolean): TableStyle {
  return {
    wide: format === "wide",
    withNamespace: allNamespaces && resource.scope === "Namespaced",
    withKind: withKind || flags.bool("show-kind"),
    showLabels: flags.bool("show-labels"),
    labelColumns: flags.list("label-columns"),
  };
}

/** Names of several kinds in one output are told apart by their kind. */
const isOfSeveralKinds = (targets: readonly Target[]): boolean =>
  targets.some(({ resource }) => resource.kind !== targets[0]?.resource.kind || resource.group !== targets[0]?.resource.group);

/** The query of a list or of an object, as a table with what the style needs of each object. */
export function tablePath(
  { resource, namespace, name, labelSelector, fieldSelector }: Target,
  { flags }: GetRequest,
  query: object,
): string {
  const subresource = flags.string("subresource") || undefined;
  return (
    pathOf(resource, namespace, name, subresource) +
    queryText({ labelSelector, fieldSelector, includeObject: flags.string("sort-by") === "" ? undefined : "Object", ...query })
  );
}

async function fetchTable(target: Target, request: GetRequest, { world }: Environment, { transport }: Connection): Promise<Table> {
  const { flags } = request;
  const chunk = flags.int("chunk-size");
  const rows: Table["rows"][number][] = [];
  let first: Table | undefined;
  let from: string | undefined;
  do {
    const query = target.name === undefined ? { limit: chunk > 0 ? chunk : undefined, continue: from } : {};
    const { body } = await transport.must({ method: "GET", path: tablePath(target, request, query), headers: { accept: tableMediaType } });
    const table = tableOf(JSON.parse(new TextDecoder().decode(body)), world.clock.now());
    first ??= table;
    rows.push(...table.rows);
    from = table.metadata?.continue;
  } while (from);
  const path = flags.string("sort-by");
  return { ...first, rows: path === "" ? rows : sortedBy(path, rows, (row) => row.object) };
}

/** An error of one target, which says which list it was. */
export const targetError = (error: Error, target: Target): Error =>
  target.name === undefined ? listError(error, target.resource, target) : error;

/** What is said where an empty output would leave people wondering. */
function sayNothingFound(
  { targets, allNamespaces }: Pick<GetRequest, "targets" | "allNamespaces">,
  { stderr }: Environment,
  { namespace }: Connection,
): void {
  const isInNamespace = !allNamespaces && targets.every(({ resource }) => resource.scope === "Namespaced");
  stderr.write(isInNamespace ? `No resources found in ${namespace} namespace.\n` : "No resources found\n");
}
