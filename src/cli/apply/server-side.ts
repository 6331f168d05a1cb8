/** Server-side apply: the server merges the manifest, by who owns which field (API-68 … API-71). */
import { ApiError, isConflict } from "../../api/errors.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import type { ManagedFieldsEntry } from "../../api/types.ts";
import { readManaged, writeManaged } from "../../machinery/managed-fields.ts";
import { unionOf } from "../../machinery/field-set.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import type { Found } from "../objects/selection.ts";
import { type Applied, type ApplyPlan, liveObject } from "./plan.ts";
import { lastAppliedAnnotation, lastAppliedText } from "./last-applied.ts";
import { withSource } from "./source-error.ts";
import { warnOfEnd } from "./warn-of-end.ts";

/** The owner of what client-side applies have set. */
const clientSideManager = "kubectl-client-side-apply";
const migrationsMax = 5;

/** Applies one manifest. Throws `CommandError` for conflicts with other owners, and what the server says. */
export async function applyServerSide(found: Found, plan: ApplyPlan, connection: Connection, environment: Environment): Promise<Applied> {
  const manifest = found.object as AnyObject;
  const applied = await send(found, manifest, plan, connection);
  warnOfEnd(applied, environment);
  if (plan.dryRun === "none") {
    // Fields that only a client-side apply owns would stay for ever when they leave the manifest.
    if (await takeOver(found, applied, plan, connection)) {
      const again = await send(found, manifest, plan, connection);
      return { object: again, done: "serverside-applied" };
    }
    if (applied.metadata.annotations?.[lastAppliedAnnotation] !== undefined)
      return { object: await renewLastApplied(found, manifest, applied, plan, connection), done: "serverside-applied" };
  }
  return { object: applied, done: "serverside-applied" };
}

async function send(found: Found, manifest: AnyObject, plan: ApplyPlan, { client }: Connection): Promise<AnyObject> {
  const { resource } = found;
  const { fieldManager, fieldValidation, forceConflicts, dryRun } = plan;
  try {
    return await client.patch(resource, keyOf(found), "apply", manifest, {
      fieldManager,
      fieldValidation,
      force: forceConflicts,
      ...(dryRun === "server" && { dryRun: true }),
    });
  } catch (error) {
    if (
      error instanceof ApiError &&
      isConflict(error) &&
      (error.status.details?.causes ?? []).some((cause) => cause.reason === "FieldManagerConflict")
    )
      throw new CommandError(
        [
          error.message,
          "These fields are owned by somebody else. Either:",
          "* apply again with --force-conflicts, and own them from then on,",
          "* take them out of the manifest, and leave them to their owner,",
          "* or set them in the manifest to the value that they have, and share them.",
        ].join("\n"),
        { cause: error },
      );
    throw error;
  }
}

const keyOf = ({ namespace, name }: Found): ObjectKey => (namespace === undefined ? { name } : { namespace, name });

/** Makes what client-side applies own the server-side apply's own. Resolves whether there was anything. */
async function takeOver(found: Found, applied: AnyObject, { fieldManager }: ApplyPlan, connection: Connection): Promise<boolean> {
  let live: AnyObject | undefined = applied;
  for (let attempt = 0; live && attempt < migrationsMax; attempt++) {
    const managedFields = migrated(live.metadata.managedFields ?? [], fieldManager);
    if (!managedFields) return false;
    try {
      await connection.client.patch(found.resource, keyOf(found), "json", [
        { op: "replace", path: "/metadata/managedFields", value: managedFields },
        { op: "replace", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion },
      ]);
      return true;
    } catch (error) {
      if (!isConflict(error)) throw withSource("patching", found.source, error);
      live = await liveObject(connection, found);
    }
  }
  return false;
}

function migrated(entries: readonly ManagedFieldsEntry[], fieldManager: string): ManagedFieldsEntry[] | undefined {
  const managed = readManaged(entries);
  const from = managed.find(({ entry }) => entry.manager === clientSideManager && entry.operation === "Update" && !entry.subresource);
  const into = managed.find(({ entry }) => entry.manager === fieldManager && entry.operation === "Apply" && !entry.subresource);
  if (!from || !into) return undefined;
  const rest = managed.filter((each) => each !== from && each !== into);
  return writeManaged([...rest, { ...into, fields: unionOf(from.fields, into.fields) }]);
}

/** Whoever goes back to client-side applies finds what was applied last. */
async function renewLastApplied(
  found: Found,
  manifest: AnyObject,
  applied: AnyObject,
  { fieldValidation }: ApplyPlan,
  { client }: Connection,
): Promise<AnyObject> {
  const text = lastAppliedText(manifest);
  if (applied.metadata.annotations?.[lastAppliedAnnotation] === text) return applied;
  const annotations = { [lastAppliedAnnotation]: text };
  const only = { apiVersion: applied.apiVersion, kind: applied.kind, metadata: { name: found.name, annotations } };
  return client.patch(found.resource, keyOf(found), "apply", only, { fieldManager: "kubectl-last-applied", fieldValidation, force: true });
}
