/** `create -f`: makes the objects of manifests. */
import type { AnyObject } from "../../api/meta/object.ts";
import { parseLabelSelector } from "../../machinery/selectors.ts";
import { withLastApplied } from "../apply/last-applied.ts";
import { withSource } from "../apply/source-error.ts";
import { fieldValidationOf, validateFlag } from "../apply/validation.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, throwAll, usageError } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { changeCauseOf, recordFlag, withChangeCause } from "../objects/change-cause.ts";
import { dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { findObjects } from "../objects/find-objects.ts";
import { fieldManagerFlag } from "../objects/local.ts";
import { sendRaw } from "../objects/raw.ts";
import { fileFlags, manifestSourcesOf, selectorFlag } from "../objects/selection.ts";
import { objectLine, printFlags, printerOf } from "../printing/printer.ts";
import { saveConfigFlag } from "./generator.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  ...printFlags,
  dryRunFlag,
  fieldManagerFlag,
  validateFlag,
  saveConfigFlag,
  recordFlag,
  { name: "raw", type: "string", about: "send POST with the file to this path of the API" },
];

export const createFiles: Command = {
  usage: "(-f FILENAME | KIND NAME) [flags]",
  about: "Makes the objects of manifests.",
  flags,
  async run(invocation, environment) {
    const { flags: given, args, name } = invocation;
    if (given.list("filename").length === 0 && given.string("kustomize") === "" && args.length === 0)
      throw new CommandError("must specify one of -f and -k");
    if (args.length > 0) throw usageError(name, `Unexpected args: [${args.join(" ")}]`);
    const connection = await environment.connect(given);
    try {
      if (given.string("raw") !== "") return await sendRaw("POST", given, connection, environment);
      return await createAll(invocation, connection, environment);
    } finally {
      connection.close();
    }
  },
};

async function createAll(invocation: Invocation, connection: Connection, environment: Environment): Promise<number> {
  const { flags: given } = invocation;
  const dryRun = dryRunOf(given, environment);
  const printer = await printerOf(given, environment);
  const options = {
    fieldManager: given.string("field-manager") || "kubectl-create",
    fieldValidation: fieldValidationOf(given),
    ...(dryRun === "server" && { dryRun: true }),
  };
  const { found, errors } = await findObjects(environment, connection, { args: [], files: manifestSourcesOf(given) });
  const failures = [...errors];
  const selector = given.string("selector");
  const matcher = selector === "" ? undefined : parseLabelSelector(selector);
  let count = 0;
  for (const { resource, source, object: manifest } of found) {
    if (matcher && !matcher.matches(manifest?.metadata.labels)) continue;
    try {
      const saved = given.bool("save-config") ? withLastApplied(manifest as AnyObject) : (manifest as AnyObject);
      const object = given.bool("record") ? withChangeCause(saved, changeCauseOf(invocation)) : saved;
      const result = dryRun === "client" ? object : await connection.client.create(resource, object, options);
      count++;
      environment.stdout.write(printer ? printer(result) : objectLine(result, "created", dryRunSuffix(dryRun)));
    } catch (error) {
      failures.push(withSource("creating", source, error));
    }
  }
  if (count === 0 && failures.length === 0) throw new CommandError("no objects passed to create");
  throwAll(failures);
  return 0;
}
