/** Verbs that change single fields: where the objects come from, and how each is gone about. */
import { ApiError } from "../../api/errors.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import type { PatchType } from "../../client/client.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, failuresOf } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { doneLine, printerOf } from "../printing/printer.ts";
import { type DryRun, dryRunOf, dryRunSuffix } from "./dry-run.ts";
import { findObjects } from "./find-objects.ts";
import type { Found, Selection } from "./selection.ts";

export const localFlag: Flag = { name: "local", about: "change what the files say and print it, without any server; with -o" };
export const fieldManagerFlag: Flag = { name: "field-manager", type: "string", about: "the name under which the changed fields are owned" };

/** One change of one object. */
export interface Change {
  readonly type: Extract<PatchType, "strategic" | "merge" | "json">;
  readonly patch: unknown;
  /** The object with the change, for -o and dry runs that never reach the server. */
  readonly changed: AnyObject;
}

export interface ChangeRequest {
  readonly environment: Environment;
  /** Absent with --local. */
  readonly connection: Connection | undefined;
  readonly selection: Selection;
  readonly flags: Flags;
  readonly fieldManager: string;
  /** The word of the line: `image updated`. A function where it depends. */
  readonly done: string | ((found: Found, isChanged: boolean) => string);
  /** The line is printed also where nothing changed. */
  readonly saysUnchanged?: boolean;
  /** Called where the selection is empty. */
  nothingFound?(): void;
  /** What a refused write is about, before the server's words: `failed to patch image update to pod template: `. */
  readonly refusal?: string;
  /** The change; undefined: there is none to make. Throws `CommandError`. */
  change(object: AnyObject, found: Found): Change | undefined;
}

/**
 * Changes every object of the selection and prints what came of it. Resolves with what went wrong for some of them; the
 * others are done.
 */
export async function changeObjects(request: ChangeRequest): Promise<Error[]> {
  const { environment, connection, selection, flags } = request;
  const dryRun: DryRun = dryRunOf(flags, environment);
  const printer = await printerOf(flags, environment);
  const { found, errors } = connection
    ? await findObjects(environment, connection, selection, { fetch: true })
    : { found: await localObjects(environment, selection), errors: [] };
  const failures = await failuresOf(found, async (each) => {
    const object = each.object as AnyObject;
    const change = request.change(object, each);
    let result = change?.changed ?? object;
    if (change && connection && dryRun !== "client") result = await send(each, change, request, connection, dryRun);
    const isChanged = change !== undefined;
    const done = typeof request.done === "string" ? request.done : request.done(each, isChanged);
    if (!isChanged && !request.saysUnchanged) return;
    if (printer) environment.stdout.write(printer(result));
    else environment.stdout.write(doneLine(each.resource, each.name, done, dryRunSuffix(dryRun)));
  });
  if (found.length === 0 && errors.length === 0) request.nothingFound?.();
  return [...failures, ...errors];
}

async function send({ resource, namespace, name }: Found, change: Change, request: ChangeRequest, { client }: Connection, dryRun: DryRun) {
  const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
  try {
    return await client.patch(resource, key, change.type, change.patch, {
      fieldManager: request.flags.string("field-manager") || request.fieldManager,
      ...(dryRun === "server" && { dryRun: true }),
    });
  } catch (error) {
    if (request.refusal === undefined || !(error instanceof ApiError)) throw error;
    throw new CommandError(`${request.refusal}${error.message}`, { cause: error });
  }
}

/** What files say, taken for what it says of itself: there is no server to ask. */
export async function localObjects(environment: Pick<Environment, "files" | "stdin">, { files }: Selection): Promise<Found[]> {
  const { readManifests } = await import("./read-manifests.ts");
  const manifests = files ? await readManifests(environment, files) : [];
  return manifests.map(({ object, source }) => {
    const [version = "", group = ""] = object.apiVersion.split("/").reverse();
    const singular = object.kind.toLowerCase();
    const resource = { group, version, kind: object.kind, plural: singular, scope: "Namespaced" as const, singular };
    const { name = "", namespace } = object.metadata;
    return { resource: { ...resource, shortNames: [], categories: [], verbs: [], subresources: [] }, namespace, name, source, object };
  });
}
