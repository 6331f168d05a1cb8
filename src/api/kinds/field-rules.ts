/**
 * Rules that the fields of many kinds are held to, with the API's words for what breaks them. Each adds what it finds
 * to `errors`; `path` is the field's path as in `spec.ports[0].name`.
 */
import { deepEqual } from "../../machinery/equality.ts";
import { isPercent } from "../../machinery/int-or-string.ts";
import { isLabelValue, isQualifiedName, type NameRule, nameProblems } from "../../machinery/names.ts";
import { type FieldError, field } from "../errors.ts";
import type { IntOrString, LabelSelector } from "../types.ts";

/** Where a rule puts what it finds. */
export type Errors = FieldError[];

const annotationsMaxBytes = 256 * 1024;
const int32Max = 2 ** 31 - 1;

/** Not below zero. An absent number passes. */
export function ruleNonNegative(errors: Errors, path: string, value: number | undefined): void {
  if (value !== undefined && value < 0) errors.push(field.invalid(path, value, "must be greater than or equal to 0"));
}

/** Above zero. An absent number passes. */
export function rulePositive(errors: Errors, path: string, value: number | undefined): void {
  if (value !== undefined && value <= 0) errors.push(field.invalid(path, value, "must be greater than 0"));
}

/** Between two bounds, both included. An absent number passes. */
export function ruleRange(errors: Errors, path: string, value: number | undefined, min: number, max: number): void {
  if (value !== undefined && (value < min || value > max)) {
    errors.push(field.invalid(path, value, `must be between ${min} and ${max}, inclusive`));
  }
}

/** A user or group number. */
export const ruleUserId = (errors: Errors, path: string, value: number | undefined): void => ruleRange(errors, path, value, 0, int32Max);

/** A port number. */
export const rulePort = (errors: Errors, path: string, value: number | undefined): void => ruleRange(errors, path, value, 1, 65535);

/** Not empty. Answers whether there is something to check further. */
export function ruleRequired(errors: Errors, path: string, value: unknown, detail?: string): boolean {
  if (value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)) return true;
  errors.push(field.required(path, detail));
  return false;
}

/** One of the allowed words. An empty one is required. */
export function ruleOneOf(errors: Errors, path: string, value: string | undefined, allowed: readonly string[]): void {
  if (ruleRequired(errors, path, value)) ruleOneOfOptional(errors, path, value, allowed);
}

/** One of the allowed words, or absent. */
export function ruleOneOfOptional(errors: Errors, path: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value)) errors.push(field.notSupported(path, value, allowed));
}

/** A name under one of the naming rules. */
export function ruleName(errors: Errors, path: string, rule: NameRule, value: string): void {
  for (const problem of nameProblems(rule, value)) errors.push(field.invalid(path, value, problem));
}

/** A name under one of the naming rules that must be there. */
export function ruleRequiredName(errors: Errors, path: string, rule: NameRule, value: string | undefined): void {
  if (ruleRequired(errors, path, value)) ruleName(errors, path, rule, value as string);
}

const portNamePattern = /^[-a-z0-9]+$/;

/** Everything wrong with the name of a port: an IANA service name. */
export function portNameProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 15) problems.push("must be no more than 15 characters");
  if (!portNamePattern.test(name)) problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(name)) problems.push("must contain at least one letter (a-z)");
  if (name.includes("--")) problems.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-")) problems.push("must not begin or end with a hyphen");
  return problems;
}

/** A port as a number or by name. */
export function rulePortOrName(errors: Errors, path: string, value: IntOrString | undefined): void {
  if (typeof value === "string") for (const problem of portNameProblems(value)) errors.push(field.invalid(path, value, problem));
  else rulePort(errors, path, value ?? 0);
}

/** A map of labels. */
export function ruleLabels(errors: Errors, path: string, labels: Readonly<Record<string, string>> | undefined): void {
  if (labels === undefined) return;
  for (const key in labels) {
    const value = labels[key] as string;
    if (!isQualifiedName(key)) ruleName(errors, path, "qualified-name", key);
    if (!isLabelValue(value)) ruleName(errors, path, "label-value", value);
  }
}

/** A map of annotations: keys as for labels but in any case; 256 KiB in all. */
export function ruleAnnotations(errors: Errors, path: string, annotations: Readonly<Record<string, string>> | undefined): void {
  if (annotations === undefined) return;
  let length = 0;
  for (const key in annotations) {
    if (!isQualifiedName(key.toLowerCase())) {
      for (const problem of nameProblems("qualified-name", key.toLowerCase())) errors.push(field.invalid(path, key, problem));
    }
    length += key.length + (annotations[key] as string).length;
  }
  if (length > annotationsMaxBytes) errors.push(field.tooLong(path, annotationsMaxBytes));
}

/** A label selector; an absent one passes. */
export function ruleLabelSelector(errors: Errors, path: string, selector: LabelSelector | undefined): void {
  if (selector === undefined) return;
  ruleLabels(errors, `${path}.matchLabels`, selector.matchLabels);
  const expressions = selector.matchExpressions;
  for (let i = 0; i < (expressions?.length ?? 0); i++) {
    const { key, operator, values } = expressions![i]!;
    const at = `${path}.matchExpressions[${i}]`;
    if (operator === "In" || operator === "NotIn") {
      if ((values?.length ?? 0) === 0) errors.push(field.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if ((values?.length ?? 0) > 0) {
        errors.push(field.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
    } else errors.push(field.invalid(`${at}.operator`, operator, "not a valid selector operator"));
    ruleName(errors, `${at}.key`, "qualified-name", key ?? "");
    for (let j = 0; j < (values?.length ?? 0); j++) ruleName(errors, `${at}.values[${j}]`, "label-value", values![j] as string);
  }
}

/** Whether a selector says nothing at all. */
export const isEmptySelector = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions?.length ?? 0) === 0;

/** A count or a percentage (VAL-8). */
export function ruleIntOrPercent(errors: Errors, path: string, value: IntOrString | undefined): void {
  if (value === undefined) return;
  if (typeof value === "number") ruleNonNegative(errors, path, value);
  // The doubled sign is what the API says.
  else if (!isPercent(value)) errors.push(field.invalid(path, value, "must be an integer or percentage (e.g '5%%')"));
}

/** A percentage of at most 100 (VAL-8); counts pass. */
export function ruleAtMostAll(errors: Errors, path: string, value: IntOrString | undefined): void {
  if (isPercent(value) && Number(value.slice(0, -1)) > 100) errors.push(field.invalid(path, value, "must not be greater than 100%"));
}

/** Whether a count or percentage is zero. */
export const isZeroIntOrPercent = (value: IntOrString | undefined): boolean =>
  value === undefined || value === 0 || (isPercent(value) && Number(value.slice(0, -1)) === 0);

/** The field is what it was. */
export function ruleImmutable(errors: Errors, path: string, value: unknown, old: unknown): void {
  if (!deepEqual(value, old)) errors.push(field.invalid(path, value, "field is immutable"));
}

const ipv4Pattern = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/** Whether a text is an IPv4 address. */
export const isIpv4 = (text: string): boolean => ipv4Pattern.test(text);

/** Whether a text is an IPv6 address, with or without an IPv4 tail. */
export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const tail = groups.at(-1);
  const hasIpv4Tail = tail?.includes(".") ?? false;
  if (hasIpv4Tail && !isIpv4(tail as string)) return false;
  const words = hasIpv4Tail ? groups.slice(0, -1) : groups;
  const count = words.length + (hasIpv4Tail ? 2 : 0);
  return words.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word)) && (halves.length === 2 ? count < 8 : count === 8);
}

/** An IP address of either family. */
export function ruleIp(errors: Errors, path: string, value: string): void {
  if (!isIpv4(value) && !isIpv6(value))
    errors.push(field.invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
}

/** An address block in CIDR notation. */
export function ruleCidr(errors: Errors, path: string, value: string): void {
  const [address = "", bits = "", ...rest] = value.split("/");
  const max = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > max) {
    errors.push(field.invalid(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
  }
}
