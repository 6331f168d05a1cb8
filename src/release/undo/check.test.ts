import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSpec } from "../../api/types.ts";
import { check, type Presence } from "./check.ts";
import { requirementsOf } from "./requirements.ts";

const there: Presence = { state: "there" };
const missing: Presence = { state: "missing" };
const withKeys = (...keys: string[]): Presence => ({ state: "there", keys: new Set(keys) });

const container = { name: "app", image: "web:v1" };
interface Row {
  readonly name: string;
  readonly spec: Partial<PodSpec>;
  /** What differs from "everything is there". */
  readonly found: Readonly<Record<string, Presence>>;
  readonly says: readonly string[];
}
const rows: readonly Row[] = [
  { name: "everything is there", spec: {}, found: {}, says: [] },
  {
    name: "a ConfigMap of a volume is gone",
    spec: { volumes: [{ name: "c", configMap: { name: "settings" } }] },
    found: { "ConfigMap/settings": missing },
    says: ['refuse: ConfigMap "settings" is not there any more'],
  },
  {
    name: "one that is optional is only told",
    spec: { volumes: [{ name: "c", configMap: { name: "settings", optional: true } }] },
    found: { "ConfigMap/settings": missing },
    says: ['warn: ConfigMap "settings" is not there any more; containers start without it'],
  },
  {
    name: "a key that a variable needs is gone from a Secret",
    spec: { containers: [{ ...container, env: [{ name: "P", valueFrom: { secretKeyRef: { name: "login", key: "password" } } }] }] },
    found: { "Secret/login": withKeys("user") },
    says: ['refuse: Secret "login" has no key "password"'],
  },
  {
    name: "a key that a projected volume picks is gone",
    spec: { volumes: [{ name: "p", projected: { sources: [{ configMap: { name: "a", items: [{ key: "x", path: "x" }] } }] } }] },
    found: { "ConfigMap/a": withKeys() },
    says: ['refuse: ConfigMap "a" has no key "x"'],
  },
  {
    name: "a Secret in envFrom of an init container is being deleted",
    spec: { initContainers: [{ name: "init", image: "web:v1", envFrom: [{ secretRef: { name: "login" } }] }] },
    found: { "Secret/login": { state: "leaving" } },
    says: ['refuse: Secret "login" is being deleted'],
  },
  {
    name: "a claim, an account and classes are gone",
    spec: {
      volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }],
      serviceAccountName: "robot",
      priorityClassName: "high",
      runtimeClassName: "gvisor",
    },
    found: {
      "PersistentVolumeClaim/data": missing,
      "ServiceAccount/robot": missing,
      "PriorityClass/high": missing,
      "RuntimeClass/gvisor": missing,
    },
    says: [
      'refuse: PersistentVolumeClaim "data" is not there any more',
      'refuse: service account "robot" is not there any more',
      'refuse: priority class "high" is not there any more',
      'refuse: runtime class "gvisor" is not there any more',
    ],
  },
  {
    name: "a mount of a claim template that is there no more",
    spec: { containers: [{ ...container, volumeMounts: [{ name: "data", mountPath: "/data" }] }] },
    found: { "ClaimTemplate/data": missing },
    says: ['refuse: volume "data" is mounted, but no claim template has that name any more'],
  },
  {
    name: "an image that no node is known to have is a warning, and comes after what refuses",
    spec: { serviceAccountName: "robot" },
    found: { "Image/web:v1": missing, "ServiceAccount/robot": missing },
    says: ['refuse: service account "robot" is not there any more', 'warn: no node is known to have image "web:v1"; it must be pulled'],
  },
  {
    name: "what can't be read is not known, and no refusal",
    spec: { volumes: [{ name: "s", secret: { secretName: "login" } }] },
    found: { "Secret/login": { state: "unknown", why: "you may not read it" } },
    says: ['warn: it is not known whether Secret "login" is there: you may not read it'],
  },
  {
    name: "credentials of a registry are only needed to pull",
    spec: { imagePullSecrets: [{ name: "registry" }] },
    found: { "Secret/registry": missing },
    says: ['warn: Secret "registry" is not there any more; containers start without it'],
  },
  {
    name: "what is needed twice is told once",
    spec: {
      containers: [
        { ...container, envFrom: [{ configMapRef: { name: "a" } }] },
        { name: "b", image: "web:v1", envFrom: [{ configMapRef: { name: "a" } }] },
      ],
    },
    found: { "ConfigMap/a": missing },
    says: ['refuse: ConfigMap "a" is not there any more'],
  },
];

for (const { name, spec, found, says } of rows) {
  test(name, () => {
    const requirements = requirementsOf({ spec: { containers: [container], ...spec } });
    const findings = check(requirements, ({ kind, name: needed }) => found[`${kind}/${needed}`] ?? there);
    assert.deepEqual(
      findings.map(({ severity, text }) => `${severity}: ${text}`),
      says,
    );
  });
}
