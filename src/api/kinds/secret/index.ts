/** The kind Secret: configuration that must not be shown (TAB-12, VAL-13). */
import { deepEqual } from "../../../machinery/equality.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { Secret as SecretObject } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { base64Bytes, dataMaxBytes } from "../data-size.ts";
import { type Errors, ruleImmutable, ruleName } from "../field-rules.ts";

const accountAnnotation = "kubernetes.io/service-account.name";
const encoder = new TextEncoder();

/** Secret (v1). */
export const Secret = defineKind<SecretObject>({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  scope: "Namespaced",
  schema: "core.v1.Secret",
  secret: true,
  defaults,
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    textColumn("Type", (secret) => secret.type ?? ""),
    numberColumn("Data", (secret) => Object.keys(secret.data ?? {}).length),
    ageColumn,
  ],
  fieldSelectors: { type: (secret) => secret.type ?? "" },
});

/** Plain text is only a way of writing: it is stored encoded, and wins over data of the same key. */
function defaults(secret: SecretObject): void {
  secret.type ||= "Opaque";
  if (secret.stringData === undefined) return;
  const data: Record<string, string> = { ...secret.data };
  for (const key in secret.stringData) data[key] = encodeBase64(secret.stringData[key] ?? "");
  delete secret.stringData;
  if (Object.keys(data).length > 0) secret.data = data;
}

function encodeBase64(text: string): string {
  let binary = "";
  for (const byte of encoder.encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The keys that a type promises; of a basic-auth Secret one of the two is enough. */
const promisedKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
]);

function validate(secret: SecretObject): FieldError[] {
  const errors: Errors = [];
  const data = secret.data ?? {};
  let bytes = 0;
  for (const key in data) {
    ruleName(errors, `data[${key}]`, "config-key", key);
    bytes += base64Bytes(data[key] ?? "");
  }
  if (bytes > dataMaxBytes) errors.push(field.tooLong("data", dataMaxBytes));
  for (const key of promisedKeys.get(secret.type ?? "") ?? []) if (!Object.hasOwn(data, key)) errors.push(field.required(`data[${key}]`));
  if (secret.type === "kubernetes.io/basic-auth" && !Object.hasOwn(data, "username") && !Object.hasOwn(data, "password")) {
    errors.push(field.required("data[username]"), field.required("data[password]"));
  }
  if (secret.type === "kubernetes.io/service-account-token" && !secret.metadata.annotations?.[accountAnnotation]) {
    errors.push(field.required(`metadata.annotations[${accountAnnotation}]`));
  }
  return errors;
}

function validateUpdate(secret: SecretObject, old: SecretObject): FieldError[] {
  const errors: Errors = [];
  ruleImmutable(errors, "type", secret.type, old.type);
  if (!old.immutable) return errors;
  const detail = "field is immutable when `immutable` is set";
  if (!secret.immutable) errors.push(field.forbidden("immutable", detail));
  if (!deepEqual(secret.data ?? {}, old.data ?? {})) errors.push(field.forbidden("data", detail));
  return errors;
}
