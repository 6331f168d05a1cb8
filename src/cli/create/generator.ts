/** What the commands of `create` have in common: each makes one object from its flags, and it is created or only shown. */
import { ApiError } from "../../api/errors.ts";
import { apiVersionOf, type KindRef } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { lastAppliedAnnotation } from "../apply/last-applied.ts";
import { fieldValidationOf, validateFlag } from "../apply/validation.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, usageError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { fieldManagerFlag } from "../objects/local.ts";
import { toUnsortedCompactJson, toUnsortedJsonText } from "../printing/json.ts";
import { objectLine, printFlags, printerOf } from "../printing/printer.ts";

export const saveConfigFlag: Flag = {
  name: "save-config",
  about: "keep the object in its last-applied-configuration annotation, for a later apply",
};

/** Flags that every generator has. */
const generatorFlags: readonly Flag[] = [...printFlags, dryRunFlag, fieldManagerFlag, validateFlag, saveConfigFlag];

/** What a generator is asked for. */
export interface GenerateRequest {
  readonly name: string;
  readonly flags: Flags;
  /** What stands behind `--`. */
  readonly words: readonly string[];
  readonly environment: Environment;
  readonly connection: Connection;
}

export interface Generator {
  readonly kind: KindRef<any>;
  readonly usage: string;
  readonly about: string;
  readonly examples?: string;
  readonly flags: readonly Flag[];
  /** Names of flags that must be given. */
  readonly required?: readonly string[];
  /** Takes words behind `--`. */
  readonly takesWords?: boolean;
  /** What stands before the server's words where it refuses the object; default: `failed to create KIND: `. */
  readonly refusal?: string;
  /**
   * The object without apiVersion, kind and namespace; fields stand in the order of kubectl's types, which is that of its JSON.
   * Throws `CommandError`.
   */
  generate(request: GenerateRequest): Promise<Record<string, any>> | Record<string, any>;
}

/** The command around a generator. */
export const generatorCommand = (generator: Generator): Command => ({
  usage: generator.usage,
  about: generator.about,
  ...(generator.examples && { examples: generator.examples }),
  flags: [...generator.flags, ...generatorFlags],
  run: (invocation, environment) => run(generator, invocation, environment),
});

async function run(generator: Generator, invocation: Invocation, environment: Environment): Promise<number> {
  const { flags } = invocation;
  requireFlags(flags, generator.required ?? []);
  const name = nameOf(invocation, generator.takesWords === true);
  const dryRun = dryRunOf(flags, environment);
  // What was made here is printed as kubectl's types have it; what a server answered has no order worth keeping.
  const printer = await printerOf(flags, environment, dryRun === "client" ? { jsonText: toUnsortedJsonText } : {});
  const fieldValidation = fieldValidationOf(flags);
  const connection = await environment.connect(withoutOwn(flags, generator.flags));
  try {
    const words = invocation.args.slice(1);
    const made = await generator.generate({ name, flags, words, environment, connection });
    const { kind } = generator;
    const fieldManager = flags.string("field-manager") || "kubectl-create";
    const result = await make(
      made,
      { kind, dryRun, savesConfig: flags.bool("save-config"), fieldManager, fieldValidation },
      connection,
    ).catch((error: unknown) => {
      throw refusal(generator, error);
    });
    environment.stdout.write(printer ? printer(result) : objectLine(result, "created", dryRunSuffix(dryRun)));
    return 0;
  } finally {
    connection.close();
  }
}

export interface MakeOptions {
  readonly kind: KindRef<any>;
  readonly dryRun: DryRun;
  readonly savesConfig: boolean;
  readonly fieldManager: string;
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
}

/**
 * Has the server create an object that was made from flags, in the namespace that is meant. Resolves with what the server made of it, or
 * with the object itself in a dry run that asks no server. Throws what the server says.
 */
export async function make(made: Record<string, any>, options: MakeOptions, connection: Connection): Promise<AnyObject> {
  const { kind, dryRun, fieldManager, fieldValidation } = options;
  const isNamespaced = kind.scope === "Namespaced";
  const namespace = isNamespaced && connection.isNamespaceGiven ? { namespace: connection.namespace } : {};
  const { name, ...metadata } = made["metadata"];
  const plain = { kind: kind.kind, apiVersion: apiVersionOf(kind), ...made, metadata: { name, ...namespace, ...metadata } };
  const object: AnyObject = options.savesConfig ? remembered(plain) : plain;
  if (dryRun === "client") return object;
  const placed = isNamespaced ? { ...object, metadata: { ...object.metadata, namespace: connection.namespace } } : object;
  return connection.client.create(kind, placed, {
    fieldManager,
    ...(fieldValidation && { fieldValidation }),
    ...(dryRun === "server" && { dryRun: true }),
  });
}

/** The flags by which a cluster is found, but for those whose name means something else to this generator. */
function withoutOwn(flags: Flags, own: readonly Flag[]): Flags {
  const isOwn = (name: string): boolean => own.some((flag) => flag.name === name);
  return {
    ...flags,
    string: (name) => (isOwn(name) ? "" : flags.string(name)),
    list: (name) => (isOwn(name) ? [] : flags.list(name)),
    given: (name) => !isOwn(name) && flags.given(name),
  };
}

const remembered = (object: AnyObject): AnyObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { ...object.metadata.annotations, [lastAppliedAnnotation]: `${toUnsortedCompactJson(object)}\n` },
  },
});

/** kubectl says of most kinds what it could not create. */
function refusal({ kind, refusal: words = `failed to create ${kind.kind.toLowerCase()}: ` }: Generator, error: unknown): Error {
  if (!(error instanceof ApiError) || words === "") return error as Error;
  return new CommandError(`${words}${error.message}`, { cause: error });
}

/** Throws `CommandError` in cobra's words. */
export function requireFlags(flags: Flags, names: readonly string[]): void {
  const missing = names.filter((name) => !flags.given(name));
  if (missing.length > 0) throw new CommandError(`required flag(s) ${missing.map((name) => JSON.stringify(name)).join(", ")} not set`);
}

/** The one argument. Throws a usage error for none and for several. */
function nameOf({ args, argsBeforeDashes, name: invoked }: Invocation, takesWords: boolean): string {
  const count = takesWords ? (argsBeforeDashes ?? args.length) : args.length;
  if (count !== 1) throw usageError(invoked, `exactly one NAME is required, got ${count}`);
  return args[0] as string;
}
