/** `apply`: brings objects where manifests want them, and leaves alone what the manifests do not speak of. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, failuresOf, throwAll, usageError } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { findObjects } from "../objects/find-objects.ts";
import { allFlag, fileFlags, type Found, manifestSourcesOf, selectorFlag } from "../objects/selection.ts";
import { doneLine, printFlags, type Printer, printerOf } from "../printing/printer.ts";
import { parseLabelSelector } from "../../machinery/selectors.ts";
import { changeCauseOf, recordFlag, withChangeCause } from "../objects/change-cause.ts";
import { applyClientSide } from "./client-side.ts";
import type { Applied, ApplyPlan } from "./plan.ts";
import { applyServerSide } from "./server-side.ts";
import { fieldValidationOf, validateFlag } from "./validation.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  allFlag,
  ...printFlags,
  dryRunFlag,
  validateFlag,
  recordFlag,
  { name: "server-side", about: "have the server merge the manifest (server-side apply), by who owns which field" },
  { name: "force-conflicts", about: "with --server-side: take over the fields that somebody else owns" },
  { name: "field-manager", type: "string", about: "the name under which the fields are owned" },
  { name: "force", about: "delete and create anew what can't be changed in place; only together with --grace-period=0" },
  { name: "grace-period", type: "int", default: "-1", about: "with --force: seconds that a deleted object has to end; -1: its own" },
  { name: "overwrite", default: "true", about: "let the manifest win where the live object was changed by hand" },
  { name: "prune", about: "refused: deleting what is no longer in the manifests is not built in" },
  { name: "openapi-patch", default: "true", about: "accepted; merge keys are built in", hidden: true },
  { name: "wait", about: "accepted; with --force the old object is waited for in any case", hidden: true },
  { name: "timeout", type: "string", default: "0s", about: "accepted", hidden: true },
  { name: "cascade", type: "string", default: "background", bare: "background", about: "accepted", hidden: true },
];

/** The names that kubectl owns fields by, so that both can be used on one object. */
const clientSideManager = "kubectl-client-side-apply";
const serverSideManager = "kubectl";

export const apply: Command = {
  usage: "(-f FILENAME | -f FOLDER [-R] | -f -) [flags]",
  about: "Brings objects where manifests want them: creates what is not there, changes what differs, leaves alone what is as it should be.",
  examples: `  # A file, a folder, what another program prints
  windlass apply -f web.yaml
  windlass apply -f manifests/ -R
  helm template chart | windlass apply -f -

  # Only look what would be done
  windlass apply -f web.yaml --dry-run=server`,
  flags,
  async run(invocation, environment) {
    const { flags: given, name } = invocation;
    const connection = await environment.connect(given);
    try {
      const plan = planOf(invocation, environment);
      const printer = await printerOf(given, environment);
      if (invocation.args.length > 0) throw usageError(name, `Unexpected args: [${invocation.args.join(" ")}]`);
      if (given.list("filename").length === 0 && given.string("kustomize") === "") throw new CommandError("must specify one of -f and -k");
      const { found, errors } = await findObjects(environment, connection, { args: [], files: manifestSourcesOf(given) });
      const selected = select(found, given.string("selector"));
      if (selected.length === 0 && errors.length === 0) throw new CommandError("no objects passed to apply");
      const results: AnyObject[] = [];
      const failures = [
        ...errors,
        ...(await failuresOf(selected, async (each) => {
          const { object, done } = await applyOne(each, plan, connection, environment);
          if (printer) results.push(object);
          else environment.stdout.write(doneLine(each.resource, object.metadata.name ?? each.name, done, dryRunSuffix(plan.dryRun)));
        })),
      ];
      if (printer) environment.stdout.write(printed(results, printer, given.string("output")));
      throwAll(failures);
      return 0;
    } finally {
      connection.close();
    }
  },
};

/** One object by itself; several as the List that kubectl makes of them, but for names, which are a line each. */
function printed(results: readonly AnyObject[], printer: Printer, output: string): string {
  const [only, ...more] = results;
  if (only === undefined) return "";
  if (more.length === 0 || output === "name") return results.map(printer).join("");
  return printer({ kind: "List", apiVersion: "v1", metadata: {}, items: results });
}

function planOf(invocation: Invocation, environment: Environment): ApplyPlan {
  const { flags: given } = invocation;
  const isServerSide = given.bool("server-side");
  const dryRun = dryRunOf(given, environment);
  if (given.bool("prune"))
    throw new CommandError("--prune is not supported: delete what is no longer wanted with `windlass delete`, by name or by label");
  if (given.bool("force-conflicts") && !isServerSide) throw new CommandError("--force-conflicts only works with --server-side");
  if (given.bool("force") && isServerSide) throw new CommandError("--force cannot be used with --server-side");
  if (dryRun === "client" && isServerSide)
    throw new CommandError("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
  return {
    dryRun,
    isServerSide,
    fieldManager: given.string("field-manager") || (isServerSide ? serverSideManager : clientSideManager),
    fieldValidation: fieldValidationOf(given),
    forceConflicts: given.bool("force-conflicts"),
    recreate: given.bool("force"),
    graceSeconds: given.int("grace-period"),
    overwrite: given.bool("overwrite"),
    changeCause: given.bool("record") ? changeCauseOf(invocation) : undefined,
  };
}

function select(found: readonly Found[], selector: string): readonly Found[] {
  if (selector === "") return found;
  const matcher = parseLabelSelector(selector);
  return found.filter(({ object }) => matcher.matches(object?.metadata.labels));
}

async function applyOne(found: Found, plan: ApplyPlan, connection: Connection, environment: Environment): Promise<Applied> {
  const manifest = found.object as AnyObject;
  if (manifest.metadata.name === undefined && manifest.metadata.generateName !== undefined)
    throw new CommandError(`from ${manifest.metadata.generateName}: cannot use generate name with apply`);
  const wanted = plan.changeCause === undefined ? manifest : withChangeCause(manifest, plan.changeCause);
  const meant = { ...found, object: wanted };
  return plan.isServerSide ? applyServerSide(meant, plan, connection, environment) : applyClientSide(meant, plan, connection, environment);
}
