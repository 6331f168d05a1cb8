/** `edit`: changes objects in an editor, which comes back with the reason as long as the server refuses what was made of them. */
import { ApiError, isInvalid, isNotFound } from "../../api/errors.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { withLastApplied } from "../apply/last-applied.ts";
import { fieldValidationOf, validateFlag } from "../apply/validation.ts";
import type { Command, EditedFile, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { saveConfigFlag } from "../create/generator.ts";
import { qualifiedResource } from "../discovery/resource.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { changeCauseOf, recordFlag, withChangeCause } from "../objects/change-cause.ts";
import { findObjects } from "../objects/find-objects.ts";
import { fieldManagerFlag } from "../objects/local.ts";
import { patchBetween } from "../objects/patch-between.ts";
import { fileFlags, type Found, selectionOf } from "../objects/selection.ts";
import { toCompactJson } from "../printing/json.ts";
import { objectLine, type Printer, printerOf, unknownFormat } from "../printing/printer.ts";
import { editorOf, headerOf, hasLines, parseEdited, type Reason, textToEdit, withoutComments } from "./edited-text.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  { name: "output", short: "o", type: "string", about: "edit as yaml or json" },
  fieldManagerFlag,
  validateFlag,
  saveConfigFlag,
  recordFlag,
  { name: "output-patch", about: "print the patch that is sent" },
  { name: "subresource", type: "string", about: "edit this part alone: status" },
  { name: "windows-line-endings", about: "end lines as Windows does", hidden: true },
  { name: "show-managed-fields", about: "keep metadata.managedFields in the text" },
  { name: "template", type: "string", about: "accepted", hidden: true },
  { name: "allow-missing-template-keys", default: "true", about: "accepted", hidden: true },
];

const cancelled = "Edit cancelled, no valid changes were saved.";

export const edit: Command = {
  usage: "(-f FILENAME | TYPE NAME | TYPE/NAME ...) [flags]",
  about:
    "Opens objects in an editor and sends what was changed: $KUBE_EDITOR, else $EDITOR, else vi. Where the server refuses it, the editor comes back with the reason on top; saving it unchanged gives up.",
  examples: `windlass edit deployment web
KUBE_EDITOR='code --wait' windlass edit configmap conf`,
  flags,
  completes: "objects",
  async run(invocation, environment) {
    const { flags: given, args } = invocation;
    const output = given.string("output");
    if (!["", "yaml", "json"].includes(output)) throw unknownFormat(output, "json,kyaml,yaml");
    const printer = await printerOf(given, environment);
    const connection = await environment.connect(given);
    try {
      const selection = { ...selectionOf(args, given, flags), namelessMeansAll: true };
      const { found, errors } = await findObjects(environment, connection, selection, { fetch: true });
      throwAll(errors);
      if (found.length === 0) throw new CommandError("edit cancelled, no objects found");
      return await editUntilTaken(found, { invocation, printer }, connection, environment);
    } finally {
      connection.close();
    }
  },
};

interface EditRequest {
  readonly invocation: Invocation;
  /** Absent: a line for each object. */
  readonly printer: Printer | undefined;
}

/** What became of one round. */
interface Round {
  readonly reasons: Reason[];
  failed: number;
  missing: number;
}

async function editUntilTaken(
  found: readonly Found[],
  request: EditRequest,
  connection: Connection,
  environment: Environment,
): Promise<number> {
  const { invocation } = request;
  const { flags: given } = invocation;
  const { stderr } = environment;
  const format = given.string("output") === "json" ? "json" : "yaml";
  const original = textToEdit(found, format, given.bool("show-managed-fields"));
  let text = original;
  let reasons: readonly Reason[] = [];
  let file: EditedFile | undefined;
  for (;;) {
    const header = format === "json" ? "" : headerOf(reasons);
    let next: EditedFile;
    try {
      next = await environment.edit(editorOf(environment), header + text, `.${format}`);
    } catch (error) {
      throw kept(error as Error, file, environment);
    }
    if (reasons.length > 0 && withoutComments(next.text) === withoutComments(text)) {
      file?.discard();
      throw kept(new CommandError(cancelled), next, environment);
    }
    file?.discard();
    file = next;
    text = withoutComments(next.text);
    if (text === withoutComments(original) || !hasLines(text)) {
      stderr.write(text === withoutComments(original) ? "Edit cancelled, no changes made.\n" : "Edit cancelled, saved file was empty.\n");
      file.discard();
      return 0;
    }
    const parsed = parseEdited(text, found);
    if ("reason" in parsed) {
      reasons = [parsed.reason];
      if (parsed.said !== undefined) stderr.write(parsed.said);
      continue;
    }
    const round: Round = { reasons: [], failed: 0, missing: 0 };
    for (const { before, after } of parsed.pairs) {
      try {
        await send(before, after, request, connection, environment);
      } catch (error) {
        if (!(error instanceof ApiError)) throw kept(error as Error, file, environment);
        stderr.write(reasonOf(before, error, round));
      }
    }
    if (round.failed > 0) {
      stderr.write(`You can run \`${invocation.name.replace(/ edit$/, "")} replace -f ${file.path}\` to try this update again.\n`);
      return 1;
    }
    if (round.missing > 0) {
      stderr.write(`The edits you made on deleted resources have been saved to ${JSON.stringify(file.path)}\n`);
      return 1;
    }
    if (round.reasons.length === 0) {
      file.discard();
      return 0;
    }
    reasons = round.reasons;
  }
}

/** Says where the edited text can still be found. */
function kept(error: Error, file: EditedFile | undefined, { stderr }: Pick<Environment, "stderr">): Error {
  if (file) stderr.write(`A copy of your changes has been stored to ${JSON.stringify(file.path)}\n`);
  return error;
}

async function send(
  before: Found,
  edited: AnyObject,
  { invocation, printer }: EditRequest,
  connection: Connection,
  { stdout }: Pick<Environment, "stdout">,
): Promise<void> {
  const { flags: given } = invocation;
  const live = before.object as AnyObject;
  const isSame = edited.apiVersion === live.apiVersion && edited.kind === live.kind && edited.metadata.name === live.metadata.name;
  if (!isSame) throw new CommandError("At least one of apiVersion, kind and name was changed");
  const { managedFields } = live.metadata;
  // What was not shown is not taken away.
  const whole =
    edited.metadata.managedFields === undefined && managedFields ? { ...edited, metadata: { ...edited.metadata, managedFields } } : edited;
  const saved = given.bool("save-config") ? withLastApplied(whole) : whole;
  const after = given.bool("record") ? withChangeCause(saved, changeCauseOf(invocation)) : saved;
  const change = patchBetween(before.resource, live, after);
  if (!change) {
    stdout.write(printer ? printer(live) : objectLine(live, "skipped"));
    return;
  }
  if (given.bool("output-patch")) stdout.write(`Patch: ${toCompactJson(change.patch)}\n`);
  const key: ObjectKey = before.namespace === undefined ? { name: before.name } : { namespace: before.namespace, name: before.name };
  const result = await connection.client.patch(before.resource, key, change.type, change.patch, optionsOf(given));
  stdout.write(printer ? printer(result) : objectLine(result, "edited"));
}

const optionsOf = (given: Flags) => ({
  fieldManager: given.string("field-manager") || "kubectl-edit",
  fieldValidation: fieldValidationOf(given),
  ...(given.string("subresource") !== "" && { subresource: given.string("subresource") }),
});

/** Notes the reason for the next round, and gives the line that tells it at once. */
function reasonOf({ resource, name }: Found, error: ApiError, round: Round): string {
  const which = `${qualifiedResource(resource)} ${JSON.stringify(name)}`;
  if (isInvalid(error)) {
    const causes = error.status.details?.causes ?? [];
    const details = causes.map(({ field, message }) => (field ? `${field}: ${message ?? ""}` : (message ?? "")));
    round.reasons.push({ head: `${which} was not valid`, details: details.length > 0 ? details : [error.message] });
    return `error: ${which} is invalid\n`;
  }
  if (isNotFound(error)) {
    round.missing++;
    round.reasons.push({ head: `${which} could not be found on the server`, details: [] });
    return `error: ${which} could not be found on the server\n`;
  }
  round.failed++;
  return `error: ${which} could not be patched: ${error.message}\n`;
}
