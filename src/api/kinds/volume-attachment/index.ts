/** The kind VolumeAttachment of storage.k8s.io/v1. */
import type { VolumeAttachment as VolumeAttachmentObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** VolumeAttachment (storage.k8s.io/v1). */
export const VolumeAttachment = defineKind<VolumeAttachmentObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  plural: "volumeattachments",
  scope: "Cluster",
  schema: "storage.v1.VolumeAttachment",
  returnsDeletedObject: true,
  status: {},
});
