/** The kind CSIDriver: what a storage driver can do. Stored for drivers that use it. */
import { defineKind } from "../../kind.ts";
import type { CSIDriver as CSIDriverObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";

/** CSIDriver (storage.k8s.io/v1). */
export const CSIDriver = defineKind<CSIDriverObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  plural: "csidrivers",
  scope: "Cluster",
  schema: "storage.v1.CSIDriver",
  returnsDeletedObject: true,
  defaults(driver) {
    const spec = (driver.spec ??= {});
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
    spec.volumeLifecycleModes ??= ["Persistent"];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  columns: [
    nameColumn,
    { name: "AttachRequired", type: "boolean", cell: (driver) => driver.spec.attachRequired ?? true },
    { name: "PodInfoOnMount", type: "boolean", cell: (driver) => driver.spec.podInfoOnMount ?? false },
    { name: "StorageCapacity", type: "boolean", cell: (driver) => driver.spec.storageCapacity ?? false },
    textColumn("TokenRequests", (driver) => (driver.spec.tokenRequests ?? []).map((r) => r.audience).join(",") || "<unset>"),
    { name: "RequiresRepublish", type: "boolean", cell: (driver) => driver.spec.requiresRepublish ?? false },
    textColumn("Modes", (driver) => (driver.spec.volumeLifecycleModes ?? []).join(",") || "<none>"),
    ageColumn,
  ],
});
