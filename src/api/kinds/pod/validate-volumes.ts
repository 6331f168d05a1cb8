/** Rules for the volumes of a Pod. */
import { field } from "../../errors.ts";
import type { DownwardAPIVolumeFile, KeyToPath, Volume } from "../../types.ts";
import { type Errors, ruleName, ruleRange, ruleRequired, ruleRequiredName } from "../field-rules.ts";
import { ruleClaimSpec } from "../persistent-volume-claim/validation.ts";
import { isVolumeFieldPath } from "./field-paths.ts";

const fileModeMax = 0o777;
const tokenLifetimeMinSeconds = 600;
const tokenLifetimeMaxSeconds = 2 ** 32;
const hostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/** All volumes of a Pod. */
export function ruleVolumes(errors: Errors, path: string, volumes: readonly Volume[]): void {
  const names = new Set<string>();
  for (let i = 0; i < volumes.length; i++) {
    const volume = volumes[i]!;
    const at = `${path}[${i}]`;
    ruleRequiredName(errors, `${at}.name`, "dns1123-label", volume.name);
    if (names.has(volume.name)) errors.push(field.duplicate(`${at}.name`, volume.name));
    names.add(volume.name);
    ruleSource(errors, at, volume);
  }
}

function ruleSource(errors: Errors, path: string, volume: Volume): void {
  let sources = 0;
  for (const name in volume) {
    if (name === "name" || volume[name as keyof Volume] == null) continue;
    sources++;
    if (sources > 1) errors.push(field.forbidden(`${path}.${name}`, "may not specify more than 1 volume type"));
  }
  if (sources === 0) errors.push(field.required(path, "must specify a volume type"));
  if (sources !== 1) return;
  const { configMap, secret, hostPath, persistentVolumeClaim, projected, downwardAPI, nfs, csi, emptyDir } = volume;
  if (emptyDir?.sizeLimit !== undefined && String(emptyDir.sizeLimit).startsWith("-")) {
    errors.push(field.forbidden(`${path}.emptyDir.sizeLimit`, "SizeLimit field must be a valid resource quantity"));
  }
  if (configMap) {
    ruleRequired(errors, `${path}.configMap.name`, configMap.name);
    ruleMode(errors, `${path}.configMap.defaultMode`, configMap.defaultMode);
    ruleItems(errors, `${path}.configMap.items`, configMap.items);
  }
  if (secret) {
    ruleRequired(errors, `${path}.secret.secretName`, secret.secretName);
    ruleMode(errors, `${path}.secret.defaultMode`, secret.defaultMode);
    ruleItems(errors, `${path}.secret.items`, secret.items);
  }
  if (hostPath) {
    if (ruleRequired(errors, `${path}.hostPath.path`, hostPath.path)) ruleNoBacksteps(errors, `${path}.hostPath.path`, hostPath.path);
    if (!hostPathTypes.includes(hostPath.type ?? ""))
      errors.push(field.notSupported(`${path}.hostPath.type`, hostPath.type, hostPathTypes));
  }
  if (persistentVolumeClaim) ruleRequired(errors, `${path}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName);
  if (nfs) {
    ruleRequired(errors, `${path}.nfs.server`, nfs.server);
    if (ruleRequired(errors, `${path}.nfs.path`, nfs.path) && !nfs.path.startsWith("/")) {
      errors.push(field.invalid(`${path}.nfs.path`, nfs.path, "must be an absolute path"));
    }
  }
  if (csi) ruleRequired(errors, `${path}.csi.driver`, csi.driver);
  if (downwardAPI) {
    ruleMode(errors, `${path}.downwardAPI.defaultMode`, downwardAPI.defaultMode);
    ruleDownwardItems(errors, `${path}.downwardAPI`, downwardAPI.items);
  }
  if (projected) ruleProjected(errors, `${path}.projected`, projected);
  if (volume.ephemeral) {
    const template = volume.ephemeral.volumeClaimTemplate;
    const at = `${path}.ephemeral.volumeClaimTemplate`;
    if (ruleRequired(errors, at, template)) ruleClaimSpec(errors, `${at}.spec`, template?.spec ?? {});
  }
}

function ruleProjected(errors: Errors, path: string, projected: NonNullable<Volume["projected"]>): void {
  ruleMode(errors, `${path}.defaultMode`, projected.defaultMode);
  const paths = new Set<string>();
  const unique = (name: string): void => {
    if (paths.has(name)) errors.push(field.invalid(path, name, `conflicting duplicate paths`));
    paths.add(name);
  };
  const sources = projected.sources ?? [];
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i]!;
    const at = `${path}.sources[${i}]`;
    let kinds = 0;
    for (const name in source) {
      if (source[name as keyof typeof source] == null) continue;
      kinds++;
      if (kinds > 1) errors.push(field.forbidden(`${at}.${name}`, "may not specify more than 1 volume type"));
    }
    if (kinds === 0) errors.push(field.required(at, "must specify a volume type"));
    if (source.configMap) {
      ruleRequired(errors, `${at}.configMap.name`, source.configMap.name);
      ruleItems(errors, `${at}.configMap.items`, source.configMap.items);
      for (const item of source.configMap.items ?? []) unique(item.path);
    }
    if (source.secret) {
      ruleRequired(errors, `${at}.secret.name`, source.secret.name);
      ruleItems(errors, `${at}.secret.items`, source.secret.items);
      for (const item of source.secret.items ?? []) unique(item.path);
    }
    if (source.downwardAPI) {
      ruleDownwardItems(errors, `${at}.downwardAPI`, source.downwardAPI.items);
      for (const item of source.downwardAPI.items ?? []) unique(item.path);
    }
    const token = source.serviceAccountToken;
    if (token) {
      const seconds = token.expirationSeconds ?? 0;
      if (seconds < tokenLifetimeMinSeconds) {
        errors.push(
          field.invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes"),
        );
      } else if (seconds > tokenLifetimeMaxSeconds) {
        errors.push(
          field.invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds"),
        );
      }
      if (ruleRequired(errors, `${at}.serviceAccountToken.path`, token.path)) {
        ruleInside(errors, `${at}.serviceAccountToken.path`, token.path);
        unique(token.path);
      }
    }
  }
}

function ruleMode(errors: Errors, path: string, mode: number | undefined): void {
  if (mode !== undefined && (mode < 0 || mode > fileModeMax)) {
    errors.push(field.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive"));
  }
}

function ruleItems(errors: Errors, path: string, items: readonly KeyToPath[] | undefined): void {
  for (let i = 0; i < (items?.length ?? 0); i++) {
    const item = items![i]!;
    const at = `${path}[${i}]`;
    ruleRequired(errors, `${at}.key`, item.key);
    if (ruleRequired(errors, `${at}.path`, item.path)) ruleInside(errors, `${at}.path`, item.path);
    ruleMode(errors, `${at}.mode`, item.mode);
  }
}

function ruleDownwardItems(errors: Errors, path: string, items: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (let i = 0; i < (items?.length ?? 0); i++) {
    const item = items![i]!;
    // The index is left out of these paths by the API, too.
    if (ruleRequired(errors, `${path}.path`, item.path)) ruleInside(errors, `${path}.path`, item.path);
    if (item.fieldRef && item.resourceFieldRef) {
      errors.push(field.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    } else if (item.fieldRef) {
      const at = `${path}.fieldRef`;
      if (ruleRequired(errors, `${at}.fieldPath`, item.fieldRef.fieldPath) && !isVolumeFieldPath(item.fieldRef.fieldPath)) {
        const supported = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
        errors.push(field.notSupported(`${at}.fieldPath`, item.fieldRef.fieldPath, supported));
      }
    } else if (item.resourceFieldRef) {
      ruleRequired(errors, `${path}.resourceFieldRef.containerName`, item.resourceFieldRef.containerName);
      ruleRequired(errors, `${path}.resourceFieldRef.resource`, item.resourceFieldRef.resource);
    } else errors.push(field.required(path, "one of fieldRef and resourceFieldRef is required"));
    ruleRange(errors, `${path}.mode`, item.mode, 0, fileModeMax);
  }
}

/** A relative path that stays below where it starts. */
export function ruleInside(errors: Errors, path: string, value: string): void {
  if (value.startsWith("/")) errors.push(field.invalid(path, value, "must be a relative path"));
  ruleNoBacksteps(errors, path, value);
  if (value.startsWith("..") && !value.startsWith("../") && value !== "..") {
    errors.push(field.invalid(path, value, "must not start with '..'"));
  }
}

/** No `..` among the parts of a path. */
export function ruleNoBacksteps(errors: Errors, path: string, value: string): void {
  if (value.split("/").includes("..")) errors.push(field.invalid(path, value, "must not contain '..'"));
}

/** The name of an object that a Pod refers to. */
export const ruleReferenceName = (errors: Errors, path: string, name: string | undefined): void => {
  if (ruleRequired(errors, path, name)) ruleName(errors, path, "dns1123-subdomain", name as string);
};
