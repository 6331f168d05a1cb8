/** The files of configMap, secret, downwardAPI and projected volumes, from the objects they show (KUB-74). */
import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret } from "../../api/types.ts";
import type { PodAddresses } from "../agent/downward.ts";
import { fieldValue, resourceValue } from "../agent/downward.ts";

/** One file of a volume. */
export interface PayloadFile {
  readonly data: Uint8Array;
  readonly mode: number;
}

export type Payload = Map<string, PayloadFile>;

export const defaultFileMode = 0o644;

const encoder = new TextEncoder();
const fromBase64 = (value: string): Uint8Array => Uint8Array.from(atob(value), (character) => character.charCodeAt(0));

/** The data of a ConfigMap, text and binary. */
export function configMapData(map: ConfigMap | undefined): Map<string, Uint8Array> {
  const data = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(map?.data ?? {})) data.set(key, encoder.encode(value));
  for (const [key, value] of Object.entries(map?.binaryData ?? {})) data.set(key, fromBase64(value));
  return data;
}

export function secretData(secret: Secret | undefined): Map<string, Uint8Array> {
  const data = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(secret?.data ?? {})) data.set(key, fromBase64(value));
  return data;
}

export interface SelectOptions {
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean;
  readonly mode: number;
}

/** All keys, or the selected ones. Throws for a selected key that is missing and not optional. */
export function selectKeys(payload: Payload, data: ReadonlyMap<string, Uint8Array>, options: SelectOptions): void {
  if (!options.items || options.items.length === 0) {
    for (const [key, bytes] of data) payload.set(key, { data: bytes, mode: options.mode });
    return;
  }
  for (const item of options.items) {
    const bytes = data.get(item.key);
    if (bytes === undefined) {
      if (options.optional) continue;
      throw new Error(`references non-existent config key: ${item.key}`);
    }
    payload.set(item.path, { data: bytes, mode: item.mode ?? options.mode });
  }
}

/** Fields of the Pod, each in a file. Throws for what a Pod can't show. */
export function downwardFiles(
  payload: Payload,
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  mode: number,
  addresses: PodAddresses,
): void {
  for (const item of items) {
    let value = "";
    if (item.fieldRef) value = fieldValue(pod, item.fieldRef, addresses);
    else if (item.resourceFieldRef) value = resourceValue(pod, { name: "", resources: {} }, item.resourceFieldRef, addresses);
    payload.set(item.path, { data: encoder.encode(value), mode: item.mode ?? mode });
  }
}
