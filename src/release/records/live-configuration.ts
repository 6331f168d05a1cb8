/** What is in the ConfigMaps and Secrets that a template names, right now, in a form that can be remembered. */
import type { KubeObject } from "../../api/meta/object.ts";
import type { Secret } from "../../api/types.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { hexText, hmacSha256 } from "../../machinery/sha256.ts";
import { configurationKinds } from "../configuration/copies.ts";
import type { ConfigurationReference } from "../configuration/references.ts";
import { digestOf } from "./history-object.ts";

/** Name of the Secret, one per namespace, under whose key the content of Secrets is digested. */
export const digestKeyName = "windlass-digest-key";
/** The entry of that Secret: 32 bytes. */
export const digestKeyField = "key";

const digestChars = 32;

/** The content of one object. */
export interface LiveConfiguration {
  readonly digest: string;
  /** Compact JSON; absent for Secrets, of which nothing but a digest is ever remembered. */
  readonly text?: string;
}

/** Objects of caches are frozen and shared, so each is digested once. Secrets are kept apart by key. */
const digested = new WeakMap<KubeObject, { readonly key: string; readonly live: LiveConfiguration }>();

/** What is in a ConfigMap or Secret. `secretKey` is the text of the namespace's key, base64; without it Secrets give undefined. */
export function liveConfiguration(
  kind: ConfigurationReference["kind"],
  object: KubeObject,
  secretKey: string | undefined,
): LiveConfiguration | undefined {
  const key = kind === "Secret" ? secretKey : "";
  if (key === undefined) return undefined;
  const known = digested.get(object);
  if (known?.key === key) return known.live;
  const text = canonicalJson(configurationKinds[kind].content(object));
  const live = kind === "Secret" ? { digest: keyedDigest(key, text) } : { digest: digestOf(text), text };
  if (Object.isFrozen(object)) digested.set(object, { key, live });
  return live;
}

/** Equal contents can be recognised; without the key they can't be guessed and tried. */
const keyedDigest = (key: string, text: string): string =>
  hexText(hmacSha256(new TextEncoder().encode(key), new TextEncoder().encode(text))).slice(0, digestChars);

/** The key that a Secret of the name `digestKeyName` holds. */
export const digestKeyIn = (secret: Secret | undefined): string | undefined => secret?.data?.[digestKeyField] || undefined;
