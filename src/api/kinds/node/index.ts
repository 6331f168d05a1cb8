/** The kind Node: a place where Pods run. */
import { isConditionTrue } from "../../../machinery/conditions.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { Node as NodeObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn, wide } from "../columns.ts";
import { type Errors, ruleCidr } from "../field-rules.ts";
import { neverBumps } from "../generations.ts";
import { omitZero } from "../omit-zero.ts";
import { ruleTaints } from "../pod/validate-scheduling.ts";
import { ruleResourceAmount, spellQuantities } from "../quantities.ts";
import { keepSpec } from "../status-writes.ts";

const rolePrefix = "node-role.kubernetes.io/";
const roleLabel = "kubernetes.io/role";
const proxyVerbs = ["create", "delete", "get", "patch", "update"];

/** Node (v1). */
export const Node = defineKind<NodeObject>({
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  scope: "Cluster",
  schema: "core.v1.Node",
  shortNames: ["no"],
  bumpsGeneration: neverBumps,
  defaults,
  validate,
  validateUpdate,
  // A node agent brings the status along when it registers its node; there is nothing to reset.
  status: { prepareForUpdate: keepSpec },
  subresources: [{ name: "proxy", kind: { group: "", version: "v1", kind: "NodeProxyOptions" }, verbs: proxyVerbs, handsOn: true }],
  columns: [
    nameColumn,
    textColumn("Status", statusCell),
    textColumn("Roles", rolesCell),
    ageColumn,
    textColumn("Version", (node) => node.status?.nodeInfo?.kubeletVersion ?? ""),
    wide(textColumn("Internal-IP", (node) => address(node, "InternalIP"))),
    wide(textColumn("External-IP", (node) => address(node, "ExternalIP"))),
    wide(textColumn("OS-Image", (node) => node.status?.nodeInfo?.osImage || "<unknown>")),
    wide(textColumn("Kernel-Version", (node) => node.status?.nodeInfo?.kernelVersion || "<unknown>")),
    wide(textColumn("Container-Runtime", (node) => node.status?.nodeInfo?.containerRuntimeVersion || "<unknown>")),
  ],
  fieldSelectors: { "spec.unschedulable": (node) => String(node.spec?.unschedulable ?? false) },
});

function defaults(node: NodeObject): void {
  const { spec, status } = node;
  if (spec) {
    omitZero(spec, ["unschedulable", "taints"]);
    // The first range and the list of ranges are two views of one field.
    if (spec.podCIDRs?.length) spec.podCIDR = spec.podCIDRs[0] as string;
    else if (spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  }
  if (status) {
    spellQuantities(status.capacity);
    spellQuantities(status.allocatable);
    if (!status.allocatable && status.capacity) status.allocatable = { ...status.capacity };
  }
}

function validate(node: NodeObject): FieldError[] {
  const errors: Errors = [];
  if (node.spec?.taints) ruleTaints(errors, "spec.taints", node.spec.taints);
  for (const [i, cidr] of (node.spec?.podCIDRs ?? []).entries()) ruleCidr(errors, `spec.podCIDRs[${i}]`, cidr);
  for (const list of ["capacity", "allocatable"] as const) {
    const amounts = node.status?.[list];
    for (const name in amounts) ruleResourceAmount(errors, `status.${list}[${name}]`, name, amounts[name]!);
  }
  return errors;
}

function validateUpdate(node: NodeObject, old: NodeObject): FieldError[] {
  const errors: Errors = [];
  if (old.spec?.podCIDR && old.spec.podCIDR !== node.spec?.podCIDR) {
    errors.push(field.forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID) {
    errors.push(field.forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  return errors;
}

/** `Ready`, `NotReady` or `Unknown`, and whether new Pods may come (TAB-15). */
function statusCell(node: NodeObject): string {
  const conditions = node.status?.conditions;
  const known = conditions?.some((condition) => condition.type === "Ready") ?? false;
  const ready = !known ? "Unknown" : isConditionTrue(conditions, "Ready") ? "Ready" : "NotReady";
  return node.spec?.unschedulable ? `${ready},SchedulingDisabled` : ready;
}

function rolesCell(node: NodeObject): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === roleLabel && value !== "") roles.add(value);
  }
  return roles.size === 0 ? "<none>" : [...roles].sort().join(",");
}

const address = (node: NodeObject, type: string): string =>
  node.status?.addresses?.find((candidate) => candidate.type === type)?.address ?? "<none>";
