/** The kind ConfigMap: configuration that Pods read (TAB-12, VAL-13). */
import { deepEqual } from "../../../machinery/equality.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { ConfigMap as ConfigMapObject } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn } from "../columns.ts";
import { base64Bytes, dataMaxBytes, textBytes } from "../data-size.ts";
import { type Errors, ruleName } from "../field-rules.ts";

/** ConfigMap (v1). */
export const ConfigMap = defineKind<ConfigMapObject>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  scope: "Namespaced",
  schema: "core.v1.ConfigMap",
  shortNames: ["cm"],
  defaults(configMap) {
    // A key without a text holds the empty one.
    for (const key in configMap.data) configMap.data[key] ??= "";
  },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    numberColumn("Data", ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
    ageColumn,
  ],
});

function validate(configMap: ConfigMapObject): FieldError[] {
  const errors: Errors = [];
  const { data, binaryData } = configMap;
  let bytes = 0;
  for (const key in data) {
    ruleName(errors, `data[${key}]`, "config-key", key);
    if (binaryData && Object.hasOwn(binaryData, key)) {
      errors.push(field.invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
    }
    bytes += textBytes(data[key] as string);
  }
  for (const key in binaryData) {
    ruleName(errors, `binaryData[${key}]`, "config-key", key);
    bytes += base64Bytes(binaryData[key] as string);
  }
  // No single field is to blame, which the API writes as an empty index.
  if (bytes > dataMaxBytes) errors.push(field.tooLong("[]", dataMaxBytes));
  return errors;
}

function validateUpdate(configMap: ConfigMapObject, old: ConfigMapObject): FieldError[] {
  const errors: Errors = [];
  if (!old.immutable) return errors;
  const detail = "field is immutable when `immutable` is set";
  if (!configMap.immutable) errors.push(field.forbidden("immutable", detail));
  if (!deepEqual(configMap.data ?? {}, old.data ?? {})) errors.push(field.forbidden("data", detail));
  if (!deepEqual(configMap.binaryData ?? {}, old.binaryData ?? {})) errors.push(field.forbidden("binaryData", detail));
  return errors;
}
