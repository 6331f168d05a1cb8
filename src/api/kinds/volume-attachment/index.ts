/** The kind VolumeAttachment: a volume that shall be attached to a node. Stored for drivers that use it. */
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { VolumeAttachment as VolumeAttachmentObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleImmutable, ruleRequired } from "../field-rules.ts";
import { neverBumps } from "../generations.ts";
import { keepSpec } from "../status-writes.ts";

/** VolumeAttachment (storage.k8s.io/v1). */
export const VolumeAttachment = defineKind<VolumeAttachmentObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  plural: "volumeattachments",
  scope: "Cluster",
  schema: "storage.v1.VolumeAttachment",
  returnsDeletedObject: true,
  bumpsGeneration: neverBumps,
  validate(attachment): FieldError[] {
    const errors: Errors = [];
    ruleRequired(errors, "spec.attacher", attachment.spec?.attacher);
    ruleRequired(errors, "spec.nodeName", attachment.spec?.nodeName);
    return errors;
  },
  validateUpdate(attachment, old): FieldError[] {
    const errors: Errors = [];
    ruleImmutable(errors, "spec", attachment.spec, old.spec);
    return errors;
  },
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("Attacher", (attachment) => attachment.spec?.attacher ?? ""),
    textColumn("PV", (attachment) => attachment.spec?.source?.persistentVolumeName ?? ""),
    textColumn("Node", (attachment) => attachment.spec?.nodeName ?? ""),
    { name: "Attached", type: "boolean", cell: (attachment) => attachment.status?.attached ?? false },
    ageColumn,
  ],
});
