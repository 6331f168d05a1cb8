/** The workloads that a command line means. */
import type { ObjectKey } from "../../api/meta/object.ts";
import { workloadKindOf, workloadKinds } from "../../release/workload-kinds.ts";
import type { WorkloadKind } from "../../release/workload.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { qualifiedResource } from "../discovery/resource.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { findObjects } from "../objects/find-objects.ts";
import { allNamespacesFlag, fileFlags, selectionOf, selectorFlag } from "../objects/selection.ts";

/** Flags by which workloads are chosen. */
export const workloadFlags = [...fileFlags, selectorFlag, allNamespacesFlag];

export interface NamedWorkload {
  readonly kind: WorkloadKind;
  readonly key: ObjectKey;
}

/** What has rollouts, for -l and -A without a type. */
const allTypes = "deployments.apps,statefulsets.apps,daemonsets.apps";

/**
 * TYPE/NAME, TYPE NAME, -f, -l or -A; no name means all of a type, as kubectl has it, and no type all three. Throws `CommandError` for kinds without rollouts, and where nothing is
 * named at all; what does not exist is found out by who reads it.
 */
export async function findWorkloads(
  environment: Pick<Environment, "files" | "stdin">,
  connection: Connection,
  args: readonly string[],
  flags: Flags,
): Promise<NamedWorkload[]> {
  const selection = selectionOf(args, flags, workloadFlags);
  const isWide = Boolean(selection.labelSelector) || selection.allNamespaces === true;
  const isNothing = args.length === 0 && (selection.files?.filenames.length ?? 0) === 0;
  if (isNothing && !isWide)
    throw new CommandError("required resource not specified: name a workload as TYPE/NAME, or choose with -l or -A");
  const { found, errors } = await findObjects(environment, connection, {
    ...selection,
    ...(isNothing && { args: [allTypes] }),
    namelessMeansAll: true,
  });
  throwAll(errors);
  return found.map(({ resource, name, namespace }) => {
    const kind = workloadKindOf(resource);
    if (!kind) throw new CommandError(`${qualifiedResource(resource)} have no rollouts; Deployments, StatefulSets and DaemonSets have`);
    return { kind, key: namespace === undefined ? { name } : { name, namespace } };
  });
}

/** The workloads that a command line means by their type, place and labels, and not by their names. */
export interface WorkloadSet {
  readonly kinds: readonly WorkloadKind[];
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
}

/** `-l`, `-A` or a type without a name; undefined where workloads are named. To be asked after `findWorkloads`, which refuses what makes no sense. */
export async function workloadSetOf(connection: Connection, args: readonly string[], flags: Flags): Promise<WorkloadSet | undefined> {
  const [types, ...names] = args;
  if (names.length > 0 || types?.includes("/") || flags.list("filename").length > 0) return undefined;
  const resources = types === undefined ? undefined : await Promise.all(types.split(",").map((type) => connection.resources.find(type)));
  const kinds = resources?.map(workloadKindOf) ?? workloadKinds;
  return {
    kinds: [...new Set(kinds.filter((kind) => kind !== undefined))],
    ...(!flags.bool("all-namespaces") && { namespace: connection.namespace }),
    ...(flags.string("selector") !== "" && { labelSelector: flags.string("selector") }),
  };
}

/** The flags by which the same cluster is reached again, to stand in commands to paste. */
export function placeFlags(flags: Flags): string {
  const given = ["kubeconfig", "context", "cluster", "user", "server"].filter((name) => flags.given(name));
  return given.map((name) => `--${name} ${quoted(flags.string(name))}`).join(" ");
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
