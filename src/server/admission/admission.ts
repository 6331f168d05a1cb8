/**
 * The contract of admission: what may change or refuse a write between its arrival and its validation. The built-in
 * rules are one file each in this folder; webhooks will be one more.
 */
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { RequestContext } from "../api.ts";

export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE";

/** One write, as admission sees it. */
export interface Admission {
  readonly kind: KindDefinition;
  readonly operation: AdmissionOperation;
  /** "" for the main resource. */
  readonly subresource: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** The object as it is about to be; rules that mutate change it in place. Absent on DELETE. */
  readonly object: AnyObject;
  /** The object as it is. Absent on CREATE. */
  readonly old: AnyObject | undefined;
  readonly context: RequestContext;
  /** Calls `task` when the write is over, whether it was made or not: to give back what was reserved for it. */
  whenOver(task: () => void): void;
}

export interface AdmissionRule {
  readonly name: string;
  /** Whether the rule has a say on such writes. Asked once per kind, operation and subresource. */
  concerns(kind: KindDefinition, operation: AdmissionOperation, subresource: string): boolean;
  /** Changes the object in place. Throws `ApiError` to refuse. */
  mutate?(admission: Admission): void | Promise<void>;
  /**
   * A last change, made after it was noted who owns which field, so that what it writes is nobody's: applying the same manifest
   * again meets no conflict. Parts of the object may be frozen: replace them. Answers whether anything changed.
   */
  rewrite?(admission: Admission): boolean | Promise<boolean>;
  /** Looks at the final object. Throws `ApiError` to refuse. */
  validate?(admission: Admission): void | Promise<void>;
}

/** The rules in the order they are asked. */
export interface AdmissionChain {
  mutate(admission: Admission): void | Promise<void>;
  /** Whether any rule changed anything. */
  rewrite(admission: Admission): Promise<boolean>;
  validate(admission: Admission): void | Promise<void>;
}

/** Composes rules; those that have no say on a write cost it nothing. */
export function admissionChain(rules: readonly AdmissionRule[]): AdmissionChain {
  const concerned = new WeakMap<KindDefinition, Map<string, readonly AdmissionRule[]>>();
  const rulesFor = ({ kind, operation, subresource }: Admission): readonly AdmissionRule[] => {
    let byWrite = concerned.get(kind);
    if (!byWrite) concerned.set(kind, (byWrite = new Map()));
    const write = `${operation}/${subresource}`;
    let found = byWrite.get(write);
    if (!found) byWrite.set(write, (found = rules.filter((rule) => rule.concerns(kind, operation, subresource))));
    return found;
  };
  const ask = (step: "mutate" | "validate") => async (admission: Admission) => {
    for (const rule of rulesFor(admission)) await rule[step]?.(admission);
  };
  const rewrite = async (admission: Admission): Promise<boolean> => {
    let changed = false;
    for (const rule of rulesFor(admission)) if (await rule.rewrite?.(admission)) changed = true;
    return changed;
  };
  return { mutate: ask("mutate"), rewrite, validate: ask("validate") };
}

/** Whether a kind is the one that `group/plural` names. Rules declare their resources this way, as webhooks do. */
export const isResource = (kind: KindDefinition, group: string, plural: string): boolean => kind.group === group && kind.plural === plural;
