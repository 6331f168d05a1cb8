/** The objects of storage: kept, watched and served as clients of the official tests find them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const open = stage({ nodes: 0 });
const storage = { group: "storage.k8s.io", version: "v1" };
const of = (kind: string, rest: Record<string, unknown>) => ({ apiVersion: "storage.k8s.io/v1", kind, ...rest });

test("CSIInlineVolumes should run through the lifecycle of a CSIDriver", async () => {
  await lifecycle(open.wire, {
    ...storage,
    plural: "csidrivers",
    object: () => of("CSIDriver", { spec: { attachRequired: true, volumeLifecycleModes: ["Ephemeral"] } }),
  });
});

test("CSIInlineVolumes should support CSIVolumeSource in Pod API", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "",
    version: "v1",
    plural: "pods",
    namespace,
    object: () => ({
      apiVersion: "v1",
      kind: "Pod",
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image: "agnhost:2", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
        volumes: [{ name: "v", csi: { driver: "e2e.example.com", readOnly: true } }],
      },
    }),
  });
});

test("CSINodes CSI Conformance should run through the lifecycle of a csinode", async () => {
  await lifecycle(open.wire, {
    ...storage,
    plural: "csinodes",
    object: () => of("CSINode", { spec: { drivers: [{ name: "e2e.example.com", nodeID: "n", topologyKeys: ["zone"] }] } }),
  });
});

test("CSIStorageCapacity should support CSIStorageCapacities API operations", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    ...storage,
    plural: "csistoragecapacities",
    namespace,
    object: () => of("CSIStorageCapacity", { storageClassName: "e2e", capacity: "10Gi", nodeTopology: { matchLabels: { zone: "a" } } }),
  });
});

test("StorageClasses CSI Conformance should run through the lifecycle of a StorageClass", async () => {
  await lifecycle(open.wire, {
    ...storage,
    plural: "storageclasses",
    object: () => of("StorageClass", { provisioner: "e2e-fake-provisioner", reclaimPolicy: "Delete", volumeBindingMode: "Immediate" }),
  });
});

test("VolumeAttributesClass should run through the lifecycle of a VolumeAttributesClass", async () => {
  await lifecycle(open.wire, {
    ...storage,
    plural: "volumeattributesclasses",
    object: () => of("VolumeAttributesClass", { driverName: "e2e-fake", parameters: { iops: "3000" } }),
  });
});

const attachment = () =>
  of("VolumeAttachment", { spec: { attacher: "e2e", nodeName: "node-x", source: { persistentVolumeName: "pv-x" } } });

test("VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment", async () => {
  await lifecycle(open.wire, { ...storage, plural: "volumeattachments", object: attachment });
});

test("VolumeAttachment Conformance should apply changes to a volumeattachment status", async () => {
  await lifecycle(open.wire, {
    ...storage,
    plural: "volumeattachments",
    object: attachment,
    status: {
      write: { attached: true, attachmentMetadata: { key: "value" } },
      holds: ({ status }) => status.attached === true && status.attachmentMetadata?.key === "value",
    },
  });
});

const volume = (index: number) => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  spec: {
    accessModes: ["ReadWriteOnce"],
    capacity: { storage: "1Gi" },
    persistentVolumeReclaimPolicy: "Retain",
    storageClassName: `none-${index}`,
    csi: { driver: "e2e", volumeHandle: `h-${index}` },
  },
});
const claim = () => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, storageClassName: "nobody" },
});

test("PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, { group: "", version: "v1", plural: "persistentvolumes", object: volume });
  await lifecycle(open.wire, { group: "", version: "v1", plural: "persistentvolumeclaims", namespace, object: claim });
});

test("PersistentVolumes CSI Conformance should apply changes to a pv/pvc status", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "",
    version: "v1",
    plural: "persistentvolumes",
    object: volume,
    status: {
      write: { message: "StatusPatched", reason: "E2E" },
      holds: ({ status }) => status.message === "StatusPatched" && status.reason === "E2E",
    },
  });
  await lifecycle(open.wire, {
    group: "",
    version: "v1",
    plural: "persistentvolumeclaims",
    namespace,
    object: claim,
    status: {
      write: {
        conditions: [{ type: "StatusPatched", status: "True", reason: "E2E", message: "set", lastTransitionTime: "2026-01-02T03:04:05Z" }],
      },
      holds: ({ status }) => status.conditions?.some((each: any) => each.type === "StatusPatched"),
    },
  });
});

const pairs: Record<string, any> = {
  configmaps: { kind: "ConfigMap", data: { one: "1" } },
  secrets: { kind: "Secret", data: { one: "MQ==" } },
};
for (const [plural, { kind, data }] of Object.entries(pairs)) {
  test(`${kind === "Secret" ? "Secrets" : kind} should be immutable if \`immutable\` field is set`, async () => {
    const namespace = await open.namespace();
    const path = `/api/v1/namespaces/${namespace}/${plural}`;
    const object = await open.wire.create(path, { apiVersion: "v1", kind, metadata: { name: "fixed" }, data });
    object.data.two = "Mg==";
    const changed = await open.wire.update(`${path}/fixed`, object);
    changed.immutable = true;
    const fixed = await open.wire.update(`${path}/fixed`, changed);
    await open.wire.refused(422, "PUT", `${path}/fixed`, { ...fixed, data: { ...fixed.data, three: "Mw==" } });
    await open.wire.refused(422, "PUT", `${path}/fixed`, { ...fixed, immutable: false });
    await open.wire.refused(422, "PUT", `${path}/fixed`, { ...fixed, immutable: undefined });
    await open.wire.update(`${path}/fixed`, { ...fixed, metadata: { ...fixed.metadata, labels: { label: "allowed" } } });
    assert.equal((await open.wire.get(`${path}/fixed`)).metadata.labels.label, "allowed");
    await open.wire.remove(`${path}/fixed`);
    await open.wire.gone(`${path}/fixed`);
  });
}
