/** The kind PriorityLevelConfiguration: how many requests of a level run at once. Stored; this server treats all requests alike. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { PriorityLevelConfiguration as PriorityLevelConfigurationObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleOneOf } from "../field-rules.ts";
import { keepSpec } from "../status-writes.ts";

/** PriorityLevelConfiguration (flowcontrol.apiserver.k8s.io/v1). */
export const PriorityLevelConfiguration = defineKind<PriorityLevelConfigurationObject>({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "PriorityLevelConfiguration",
  plural: "prioritylevelconfigurations",
  scope: "Cluster",
  schema: "flowcontrol.v1.PriorityLevelConfiguration",
  defaults(level) {
    const { exempt, limited } = level.spec ?? {};
    if (exempt) {
      exempt.nominalConcurrencyShares ??= 0;
      exempt.lendablePercent ??= 0;
    }
    if (!limited) return;
    limited.nominalConcurrencyShares ??= 30;
    limited.lendablePercent ??= 0;
    if (limited.limitResponse?.type !== "Queue") return;
    const queuing = (limited.limitResponse.queuing ??= {});
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
  },
  validate(level): FieldError[] {
    const errors: Errors = [];
    const { type, limited, exempt } = level.spec ?? {};
    ruleOneOf(errors, "spec.type", type, ["Exempt", "Limited"]);
    if (type === "Limited" && !limited) errors.push(field.required("spec.limited", "must not be empty when type is Limited"));
    if (type === "Limited" && exempt) errors.push(field.forbidden("spec.exempt", "must be nil if the type is Limited"));
    if (type === "Exempt" && limited) errors.push(field.forbidden("spec.limited", "must be nil if the type is not Limited"));
    return errors;
  },
  prepareForCreate(level) {
    level.status = {};
  },
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("Type", (level) => level.spec?.type ?? ""),
    textColumn("NominalConcurrencyShares", (level) => cell((level.spec?.limited ?? level.spec?.exempt)?.nominalConcurrencyShares)),
    textColumn("Queues", (level) => cell(level.spec?.limited?.limitResponse?.queuing?.queues)),
    textColumn("HandSize", (level) => cell(level.spec?.limited?.limitResponse?.queuing?.handSize)),
    textColumn("QueueLengthLimit", (level) => cell(level.spec?.limited?.limitResponse?.queuing?.queueLengthLimit)),
    ageColumn,
  ],
});

const cell = (count: number | undefined): string => (count === undefined ? "<none>" : String(count));
