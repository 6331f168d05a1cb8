/** The way of every verb of `set`: changes a copy of the Pod template and sends the strategic merge patch of what differs. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Container, PodSpec } from "../../api/types.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import type { Environment, Invocation } from "../command.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { changeCauseOf, recordFlag, withChangeCause } from "../objects/change-cause.ts";
import { dryRunFlag } from "../objects/dry-run.ts";
import { type Change, changeObjects, fieldManagerFlag, localFlag } from "../objects/local.ts";
import { patchBetween } from "../objects/patch-between.ts";
import { podSpecOf } from "../objects/pod-template.ts";
import { allFlag, fileFlags, type Found, selectionOf, selectorFlag } from "../objects/selection.ts";
import { printFlags } from "../printing/printer.ts";

/** Flags that all of them have. */
export const setFlags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  allFlag,
  ...printFlags,
  dryRunFlag,
  localFlag,
  fieldManagerFlag,
  recordFlag,
];

export interface PodSpecChange {
  /** `image updated` */
  readonly done: string;
  /** `image`, for the words about a refused write. */
  readonly noun: string;
  readonly flags: readonly Flag[];
  /** TYPE, NAME, TYPE/NAME. */
  readonly resources: readonly string[];
  /** Changes the spec in place. Throws `CommandError`. */
  apply(spec: PodSpec, object: AnyObject, found: Found): void;
}

/** Resolves with the exit code. */
export async function changePodSpec(invocation: Invocation, environment: Environment, request: PodSpecChange): Promise<number> {
  const { flags } = invocation;
  const isLocal = flags.bool("local");
  const cause = flags.bool("record") ? changeCauseOf(invocation) : undefined;
  if (isLocal && request.resources.length > 0)
    throw new CommandError("cannot specify resources by argument together with --local: name files with -f");
  const connection = isLocal ? undefined : await environment.connect(flags);
  try {
    const failures = await changeObjects({
      environment,
      connection,
      flags,
      selection: selectionOf(request.resources, flags, request.flags),
      fieldManager: "kubectl-set",
      done: request.done,
      refusal: `failed to patch ${request.noun} update to pod template${request.noun === "resources" ? " " : ": "}`,
      change: (object, found) => changeOf(object, found, request, cause),
    });
    throwAll(failures);
    return 0;
  } finally {
    connection?.close();
  }
}

function changeOf(object: AnyObject, found: Found, { apply }: PodSpecChange, cause: string | undefined): Change | undefined {
  const copy = deepCopy(object);
  apply(specIn(copy, found), copy, found);
  const changed = cause === undefined ? copy : withChangeCause(copy, cause);
  const patch = patchBetween(found.resource, object, changed);
  return patch && { ...patch, changed };
}

/** Throws `CommandError` with the object's name. */
function specIn(object: AnyObject, found: Found): PodSpec {
  try {
    return podSpecOf(object);
  } catch (error) {
    throw problemWith(found, (error as Error).message);
  }
}

/** What is wrong with one of several objects, on a line of its own. */
export const problemWith = ({ resource, name }: Found, problem: string): CommandError =>
  new CommandError(`error: ${resource.plural}/${name} ${problem}\n`);

/** A word that changes something: `KEY=VALUE` or `KEY-`. */
export const isPair = (word: string): boolean => (word.includes("=") && !word.startsWith("=")) || /[^-]-$/.test(word);

/** Containers whose names match, `*` standing for any run of characters; init containers too. */
export function matchingContainers(spec: PodSpec, pattern: string): Container[] {
  const expression = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].filter(({ name }) => expression.test(name));
}

/** Splits arguments into resources and assignments: `deployment/web web=nginx:1.18 OLD-`. */
export function splitAssignments(
  args: readonly string[],
  isAssignment: (word: string) => boolean,
): { readonly resources: string[]; readonly assignments: string[] } {
  const resources: string[] = [];
  const assignments: string[] = [];
  for (const word of args) {
    if (isAssignment(word)) assignments.push(word);
    else if (assignments.length > 0) throw new CommandError("all resources must be specified before changes: " + word);
    else resources.push(word);
  }
  return { resources, assignments };
}
