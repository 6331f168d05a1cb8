/** Service accounts, their tokens, and who may do what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, stage } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const open = stage({ nodes: 0 });
const account = (name: string, rest: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name },
  ...rest,
});

test("ServiceAccounts should run through the lifecycle of a ServiceAccount", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "",
    version: "v1",
    plural: "serviceaccounts",
    namespace,
    object: () => ({ ...account(""), metadata: {} }),
  });
});

test("ServiceAccounts should update a ServiceAccount", async () => {
  const namespace = await open.namespace();
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const made = await open.wire.create(accounts, account("e2e-sa", { automountServiceAccountToken: true }));
  made.automountServiceAccountToken = false;
  await open.wire.update(`${accounts}/e2e-sa`, made);
  assert.equal((await open.wire.get(`${accounts}/e2e-sa`)).automountServiceAccountToken, false);
});

test("ServiceAccounts should allow opting out of API token automount", async () => {
  const namespace = await open.namespace();
  await open.wire.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, account("mount"));
  await open.wire.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, account("nomount", { automountServiceAccountToken: false }));
  const cases: [string, boolean | undefined, boolean][] = [
    ["mount", undefined, true],
    ["mount", true, true],
    ["mount", false, false],
    ["nomount", undefined, false],
    ["nomount", true, true],
    ["nomount", false, false],
  ];
  for (const [serviceAccountName, automount, expected] of cases) {
    const made = await open.wire.create(
      `/api/v1/namespaces/${namespace}/pods`,
      pod(
        `${serviceAccountName}-${automount}`,
        {},
        {
          serviceAccountName,
          ...(automount !== undefined && { automountServiceAccountToken: automount }),
        },
      ),
    );
    const mounts = made.spec.containers[0].volumeMounts ?? [];
    const isMounted = mounts.some((each: any) => each.mountPath === "/var/run/secrets/kubernetes.io/serviceaccount");
    assert.equal(isMounted, expected, `${serviceAccountName}, Pod says ${automount}`);
  }
});

test("ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview", async () => {
  const namespace = await open.namespace();
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const made = await open.wire.create(accounts, account("e2e-sa"));
  const request = await open.wire.create(`${accounts}/e2e-sa/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: { name: "e2e-sa", namespace },
    spec: { audiences: [], expirationSeconds: 3600 },
  });
  assert.ok(request.status.token && request.status.expirationTimestamp);
  const review = await open.wire.create("/apis/authentication.k8s.io/v1/tokenreviews", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token: request.status.token },
  });
  assert.equal(review.status.authenticated, true);
  assert.equal(review.status.error, undefined);
  assert.equal(review.status.user.username, `system:serviceaccount:${namespace}:e2e-sa`);
  assert.equal(review.status.user.uid, made.metadata.uid);
  assert.deepEqual([...review.status.user.groups].sort(), [
    "system:authenticated",
    "system:serviceaccounts",
    `system:serviceaccounts:${namespace}`,
  ]);
  const own = await open.wire.create(
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    { token: request.status.token },
  );
  assert.equal(own.status.userInfo.username, `system:serviceaccount:${namespace}:e2e-sa`);
});

test("ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}/configmaps/kube-root-ca.crt`;
  const { data } = await open.wire.until("it is there", path, (map) => map.data["ca.crt"]);
  await open.wire.remove(path);
  await open.wire.until("it comes back", path, (map) => map.data["ca.crt"] === data["ca.crt"]);
  const spoilt = await open.wire.get(path);
  spoilt.data = { "ca.crt": "" };
  await open.wire.update(path, spoilt);
  await open.wire.until("it is set right", path, (map) => map.data["ca.crt"] === data["ca.crt"]);
});

test("ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer", async () => {
  const namespace = await open.namespace();
  const request = await open.wire.create(`/api/v1/namespaces/${namespace}/serviceaccounts/default/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: ["oidc-discovery-test"] },
  });
  const claims = JSON.parse(Buffer.from(request.status.token.split(".")[1], "base64url").toString("utf8"));
  assert.deepEqual(claims.aud, ["oidc-discovery-test"]);
  const configuration = await open.wire.get("/.well-known/openid-configuration");
  assert.equal(configuration.issuer, claims.iss);
  const keys = await open.wire.get("/openid/v1/jwks");
  assert.ok(keys.keys.length > 0);
});

test("SubjectReview should support SubjectReview API operations", async () => {
  const namespace = await open.namespace();
  await open.wire.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, account("e2e"));
  const user = `system:serviceaccount:${namespace}:e2e`;
  const resourceAttributes = { group: "apps", resource: "deployments", verb: "list", version: "v1", namespace };
  const asked = async (path: string, kind: string): Promise<any> =>
    open.wire.create(path, {
      apiVersion: "authorization.k8s.io/v1",
      kind,
      metadata: path.includes("/namespaces/") ? { namespace } : {},
      spec: { user, resourceAttributes },
    });
  const agree = async (allowed: boolean): Promise<void> => {
    const everywhere = await asked("/apis/authorization.k8s.io/v1/subjectaccessreviews", "SubjectAccessReview");
    assert.equal(everywhere.status.allowed, allowed);
    const here = await asked(`/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`, "LocalSubjectAccessReview");
    assert.equal(here.status.allowed, allowed);
    const really = await open.wire.ask("GET", `/apis/apps/v1/namespaces/${namespace}/deployments`, undefined, { impersonate: { user } });
    assert.equal(really.status, allowed ? 200 : 403);
  };
  await agree(false);
  await open.wire.create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "views" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", name: "e2e", namespace }],
  });
  await agree(true);
});

test("Certificates API should support CSR API operations", async () => {
  const request = Buffer.from("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n").toString("base64");
  const now = { lastTransitionTime: "2026-01-02T03:04:05Z", lastUpdateTime: "2026-01-02T03:04:05Z" };
  await lifecycle(open.wire, {
    group: "certificates.k8s.io",
    version: "v1",
    plural: "certificatesigningrequests",
    object: () => ({
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      spec: {
        request,
        signerName: "example.com/e2e-tests",
        expirationSeconds: 3600,
        usages: ["digital signature", "key encipherment", "server auth"],
      },
    }),
    status: {
      write: { conditions: [{ type: "StatusUpdate", status: "True", reason: "E2E", message: "Set from e2e test", ...now }] },
      holds: ({ status }) => status.conditions?.some((each: any) => each.type === "StatusUpdate"),
    },
  });
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const made = await open.wire.create(path, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "approved" },
    spec: { request, signerName: "example.com/e2e-tests", usages: ["client auth"], username: "somebody-else" },
  });
  assert.match(made.spec.username, /admin$/);
  made.status = { conditions: [{ type: "Approved", status: "True", reason: "E2E", message: "Set from e2e test", ...now }] };
  const approved = await open.wire.update(`${path}/approved/approval`, made);
  assert.equal(approved.status.conditions[0].type, "Approved");
  await open.wire.patch(`${path}/approved/approval`, "merge", { metadata: { annotations: { patchedapproval: "true" } } });
  const read = await open.wire.get(`${path}/approved/approval`);
  assert.equal(read.metadata.annotations.patchedapproval, "true");
});
