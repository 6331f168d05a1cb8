/**
 * Copies of ConfigMaps and Secrets: what a revision names instead of the object that people edit. A copy never changes, so what
 * a revision runs with is known for as long as the copy is there.
 */
import type { KindRef } from "../../api/kind.ts";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { Secret } from "../../api/kinds/secret/index.ts";
import type { KubeObject } from "../../api/meta/object.ts";
import type { ConfigMap as ConfigMapObject, Secret as SecretObject } from "../../api/types.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { fnv1a32, safeEncode } from "../../machinery/hash.ts";
import { copyLabel, followAnnotation, sourceAnnotation } from "./names.ts";
import type { ConfigurationReference } from "./references.ts";

/** A ConfigMap or a Secret, as far as copying it goes. */
export type ConfigurationObject = ConfigMapObject | SecretObject;

/** What copying must know of a kind of configuration. */
export interface ConfigurationKind<T extends KubeObject = any> {
  readonly ref: KindRef<T>;
  /** Everything that containers can see of it. */
  content(object: T): Partial<T>;
  /** What the name of a new copy is made from. */
  nameSeed(object: T): unknown;
  /** Whether it may be copied at all. */
  isCopyable(object: T): boolean;
}

/** The kinds of configuration, by the name that references use. */
export const configurationKinds: Readonly<Record<ConfigurationReference["kind"], ConfigurationKind>> = {
  ConfigMap: {
    ref: ConfigMap,
    content: ({ data, binaryData }: ConfigMapObject) => ({ ...filled("data", data), ...filled("binaryData", binaryData) }),
    nameSeed: ({ data = {}, binaryData = {} }: ConfigMapObject) => ({ data, binaryData }),
    isCopyable: () => true,
  } satisfies ConfigurationKind<ConfigMapObject>,
  Secret: {
    ref: Secret,
    content: ({ data, type }: SecretObject) => ({ type: type ?? "Opaque", ...filled("data", data) }),
    // Names are seen by people who may not see what is inside: nothing of the content goes into them.
    nameSeed: ({ metadata }: SecretObject) => ({ uid: metadata.uid, version: metadata.resourceVersion }),
    // A token belongs to its account, and the control plane looks after that very object.
    isCopyable: ({ type }: SecretObject) => type !== "kubernetes.io/service-account-token",
  } satisfies ConfigurationKind<SecretObject>,
};

/** A field of content: what is empty is as good as absent. */
const filled = (field: string, value: Record<string, string> | undefined) =>
  value && Object.keys(value).length > 0 ? { [field]: value } : {};

const kindOf = (object: KubeObject): ConfigurationKind => configurationKinds[object.kind as ConfigurationReference["kind"]];

/** The name of the object that this one is a copy of; undefined: it is none. */
export const sourceNameOf = (object: KubeObject): string | undefined =>
  object.metadata.labels?.[copyLabel] === undefined ? undefined : object.metadata.annotations?.[sourceAnnotation];

/** Whether copies of it may be made: it is no copy itself, not on its way out, and its owner did not say no. */
export const isSource = (object: KubeObject): boolean =>
  sourceNameOf(object) === undefined &&
  object.metadata.deletionTimestamp === undefined &&
  object.metadata.annotations?.[followAnnotation] !== "false" &&
  kindOf(object).isCopyable(object);

/** Whether containers see the same in both. */
export const sameContent = (a: ConfigurationObject, b: ConfigurationObject): boolean =>
  a.kind === b.kind && canonicalJson(kindOf(a).content(a)) === canonicalJson(kindOf(b).content(b));

const hashAlphabet = "[bcdfghjklmnpqrstvwxz2456789]";
const nameMax = 253;
const suffix = new RegExp(`^(.+)-${hashAlphabet}{5,10}$`);

/** The name of the source that a copy of this name would have, were it one; undefined: no copy is called so. */
export const sourceNameIn = (name: string): string | undefined => suffix.exec(name)?.[1];

/** The copy that holds the present content of a source. */
export interface CurrentCopy {
  readonly name: string;
  /** The same for everybody who looks at the same copies, whatever they prefer. */
  readonly canonical: string;
  /** It is not there yet: this is to be created. */
  readonly create?: ConfigurationObject;
}

/**
 * The copy that holds the present content of a source: one that is there already (`preferred` before others), or a new one that is
 * still to be created. Deterministic, so that several who find no copy make the same one.
 */
export function copyFor(source: ConfigurationObject, copies: readonly ConfigurationObject[], preferred?: ReadonlySet<string>): CurrentCopy {
  const same = copies.filter((copy) => sourceNameOf(copy) === source.metadata.name && sameContent(copy, source));
  const names = same.map(({ metadata }) => metadata.name as string).sort();
  const first = names[0];
  if (first !== undefined) return { name: names.find((name) => preferred?.has(name)) ?? first, canonical: first };
  const taken = new Set(copies.filter(({ kind }) => kind === source.kind).map(({ metadata }) => metadata.name));
  for (let attempt = 0; ; attempt++) {
    const name = copyName(source, attempt);
    if (!taken.has(name)) return { name, canonical: name, create: copyOf(source, name) };
  }
}

/** Another attempt gives another name: two contents of one hash both get a copy. */
function copyName(source: ConfigurationObject, attempt: number): string {
  const seed = canonicalJson([kindOf(source).nameSeed(source), ...(attempt > 0 ? [attempt] : [])]);
  const hash = safeEncode(String(fnv1a32(new TextEncoder().encode(seed))).padStart(5, "0"));
  return `${(source.metadata.name as string).slice(0, nameMax - 1 - hash.length)}-${hash}`;
}

function copyOf(source: ConfigurationObject, name: string): ConfigurationObject {
  const { namespace, name: sourceName } = source.metadata;
  return {
    apiVersion: "v1",
    kind: source.kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { [copyLabel]: "true" },
      annotations: { [sourceAnnotation]: sourceName as string },
    },
    immutable: true,
    ...kindOf(source).content(source),
  };
}
