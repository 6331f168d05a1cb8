import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Answer, eventually, type TestClient, testClient } from "../http/test-client.node.ts";
import { startTestServer, type TestServer } from "../http/test-server.node.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const rules = (verbs: string[], resources: string[]) => [{ verbs, apiGroups: [""], resources }];

describe("who may do what", () => {
  let server: TestServer;
  let client: TestClient;
  const alice = { token: "alice-token" };
  const post = (path: string, body: unknown, as: "admin" | { token: string } = "admin"): Promise<Answer> =>
    client.http2("POST", path, { body: JSON.stringify(body), as });
  const get = (path: string, as: "admin" | { token: string } = "admin", headers: Record<string, string> = {}): Promise<Answer> =>
    client.http2("GET", path, { as, headers });
  /** Grants a ClusterRole to a subject, in a namespace or everywhere. */
  const bind = async (name: string, role: string, subject: object, namespace?: string): Promise<void> => {
    const path = namespace === undefined ? `${rbac}/clusterrolebindings` : `${rbac}/namespaces/${namespace}/rolebindings`;
    const answer = await post(path, {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [subject],
    });
    assert.equal(answer.status, 201, answer.text);
  };

  before(async () => {
    server = await startTestServer({
      users: [
        { token: "alice-token", user: { name: "alice", groups: ["devs"] } },
        { token: "bob-token", user: { name: "bob", groups: [] } },
        { token: "carol-token", user: { name: "carol", groups: [] } },
      ],
    });
    client = testClient(server);
    for (const name of ["default", "robot"]) await post("/api/v1/namespaces/default/serviceaccounts", { metadata: { name } });
  });
  after(async () => {
    client.close();
    await server.close();
    assert.deepEqual(server.errors, []);
  });

  test("who may change and not create creates nothing by a change", async () => {
    const verbs = ["get", "update", "patch"];
    const rules = [
      { verbs, apiGroups: [""], resources: ["configmaps"] },
      { verbs, apiGroups: ["coordination.k8s.io"], resources: ["leases"] },
    ];
    assert.equal((await post(`${rbac}/clusterroles`, { metadata: { name: "changer" }, rules })).status, 201);
    await bind("changer", "changer", { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "carol" });
    const carol = { token: "carol-token" };
    const configMap = "/api/v1/namespaces/default/configmaps/new";
    const apply = (as: "admin" | { token: string }) =>
      client.http2("PATCH", `${configMap}?fieldManager=t`, {
        as,
        headers: { "content-type": "application/apply-patch+yaml" },
        body: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "new" }, data: { a: "b" } }),
      });
    const refused = await apply(carol);
    assert.deepEqual(
      [refused.status, refused.json().message],
      [403, 'configmaps "new" is forbidden: User "carol" cannot create resource "configmaps" in API group "" in the namespace "default"'],
    );
    const lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/new";
    const put = (as: "admin" | { token: string }) =>
      client.http2("PUT", lease, { as, body: JSON.stringify({ metadata: { name: "new" } }) });
    assert.equal((await put(carol)).status, 403);
    assert.deepEqual([(await get(configMap)).status, (await get(lease)).status], [404, 404]);
    assert.deepEqual([(await apply("admin")).status, (await put("admin")).status], [201, 201]);
    assert.equal((await apply(carol)).status, 200, "what is there, they may change");
  });

  test("a user without roles is refused in Kubernetes' words, but sees what is served", async () => {
    const refused = async (path: string) => {
      const answer = await get(path, alice);
      return `${answer.status} ${answer.json().message}`;
    };
    assert.equal(
      await refused("/api/v1/namespaces/default/pods"),
      '403 pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    assert.equal(
      await refused("/apis/apps/v1/namespaces/default/deployments/web/scale"),
      '403 deployments.apps "web" is forbidden: User "alice" cannot get resource "deployments/scale" in API group "apps" in the namespace "default"',
    );
    assert.equal(
      await refused("/api/v1/nodes"),
      '403 nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope',
    );
    assert.equal(await refused("/metrics"), '403 forbidden: User "alice" cannot get path "/metrics"');
    assert.equal((await get("/apis", alice)).status, 200);
    assert.equal((await get("/openapi/v3", alice)).status, 200);
  });

  test("a wrong token is nobody's", async () => {
    for (const token of ["wrong", "a.b.c", "eyJhbGciOiJub25lIn0.e30."]) assert.equal((await get("/api", { token })).status, 401);
  });

  test("a role counts as soon as its binding is acknowledged, and in its namespace only", async () => {
    await bind("devs-view", "view", { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "devs" }, "default");
    assert.equal((await get("/api/v1/namespaces/default/pods", alice)).status, 200);
    assert.equal((await get("/api/v1/namespaces/kube-system/pods", alice)).status, 403);
    assert.equal((await get("/api/v1/namespaces/default/secrets", alice)).status, 403);
    assert.equal((await client.http2("DELETE", `${rbac}/namespaces/default/rolebindings/devs-view`)).status, 200);
    assert.equal((await get("/api/v1/namespaces/default/pods", alice)).status, 403);
  });

  test("a rule with names allows a watch on that name", async () => {
    await post(`${rbac}/namespaces/default/roles`, {
      metadata: { name: "one" },
      rules: [{ verbs: ["get", "watch", "list"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["mine"] }],
    });
    const answer = await post(`${rbac}/namespaces/default/rolebindings`, {
      metadata: { name: "one" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "one" },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "bob" }],
    });
    assert.equal(answer.status, 201, answer.text);
    const bob = { token: "bob-token" };
    const configMaps = "/api/v1/namespaces/default/configmaps";
    assert.equal((await get(`${configMaps}?fieldSelector=metadata.name%3Dmine`, bob)).status, 200);
    assert.equal((await get(`${configMaps}?fieldSelector=metadata.name%3Dyours`, bob)).status, 403);
    assert.equal((await get(configMaps, bob)).status, 403);
  });

  test("nobody grants what they do not have", async () => {
    await bind("alice-admin", "admin", { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "alice" }, "default");
    const roles = `${rbac}/namespaces/default/roles`;
    assert.equal((await post(roles, { metadata: { name: "pods" }, rules: rules(["get"], ["pods"]) }, alice)).status, 201);
    const refused = await post(roles, { metadata: { name: "nodes" }, rules: rules(["get"], ["nodes"]) }, alice);
    assert.equal(refused.status, 403);
    assert.equal(
      refused.json().message,
      'roles.rbac.authorization.k8s.io "nodes" is forbidden: user "alice" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    );
    const grown = await client.http2("PATCH", `${roles}/pods`, {
      body: JSON.stringify({ rules: rules(["*"], ["*"]) }),
      headers: { "content-type": "application/merge-patch+json" },
      as: alice,
    });
    assert.equal(grown.status, 403);
    const bindings = `${rbac}/namespaces/default/rolebindings`;
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
    const subjects = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "alice" }];
    assert.equal((await post(bindings, { metadata: { name: "up" }, roleRef, subjects }, alice)).status, 403);
    assert.equal(
      (await post(bindings, { metadata: { name: "view" }, roleRef: { ...roleRef, name: "view" }, subjects }, alice)).status,
      201,
    );
  });

  test("aggregated roles take in what carries their label", async () => {
    const made = await post(`${rbac}/clusterroles`, {
      metadata: { name: "more", labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } },
      rules: [{ verbs: ["get"], apiGroups: ["example.com"], resources: ["things"] }],
    });
    assert.equal(made.status, 201);
    for (const name of ["view", "edit", "admin"]) {
      let found = false;
      await eventually(`${name} has the rule`, () => {
        void get(`${rbac}/clusterroles/${name}`).then((answer) => {
          found = answer.json().rules.some((rule: any) => rule.apiGroups?.includes("example.com"));
        });
        return found;
      });
    }
  });

  test("impersonation needs a permission and then is complete", async () => {
    const as = { "impersonate-user": "carol", "impersonate-group": "team-a" };
    const refused = await get("/api/v1/namespaces/default/pods", alice, as);
    assert.equal(
      refused.json().message,
      'users "carol" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    const acted = await get("/api/v1/namespaces/default/pods", "admin", as);
    assert.match(acted.json().message, /User "carol" cannot list/);
    const who = await client.http2("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { body: "{}", headers: as });
    assert.deepEqual(who.json().status.userInfo, { username: "carol", groups: ["team-a", "system:authenticated"] });
    assert.equal((await get("/api", "admin", { "impersonate-group": "x" })).status, 400);
  });

  test("a service account's token is its user, until what it is bound to is gone", async () => {
    const accounts = "/api/v1/namespaces/default/serviceaccounts";
    const secret = await post("/api/v1/namespaces/default/secrets", { metadata: { name: "anchor" } });
    const boundObjectRef = { kind: "Secret", apiVersion: "v1", name: "anchor", uid: secret.json().metadata.uid };
    const issued = await post(`${accounts}/robot/token`, { spec: { expirationSeconds: 600, boundObjectRef } });
    assert.equal(issued.status, 201, issued.text);
    const token = { token: issued.json().status.token as string };
    const who = await post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, token);
    assert.equal(who.json().status.userInfo.username, "system:serviceaccount:default:robot");
    assert.ok(who.json().status.userInfo.groups.includes("system:serviceaccounts:default"));
    const review = await post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: token });
    assert.deepEqual(
      [review.json().status.authenticated, review.json().status.user.username],
      [true, "system:serviceaccount:default:robot"],
    );
    const elsewhere = await post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { ...token, audiences: ["elsewhere"] } });
    assert.notEqual(elsewhere.json().status.authenticated, true);
    assert.equal((await client.http2("DELETE", "/api/v1/namespaces/default/secrets/anchor")).status, 200);
    assert.equal((await get("/api", token)).status, 401);
  });

  test("a token request is refused for too short a time, a wrong uid or nothing to bind to", async () => {
    const path = "/api/v1/namespaces/default/serviceaccounts/robot/token";
    const refusal = async (spec: object) => {
      const answer = await post(path, { spec });
      return `${answer.status} ${answer.json().message}`;
    };
    assert.match(
      await refusal({ expirationSeconds: 10 }),
      /^422 .*spec\.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes$/,
    );
    assert.match(await refusal({ boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "none" } }), /^404 secrets "none" not found$/);
    assert.match(await refusal({ boundObjectRef: { kind: "Deployment", apiVersion: "apps/v1", name: "x" } }), /^400 cannot bind token/);
    assert.equal((await post("/api/v1/namespaces/default/serviceaccounts/nobody/token", { spec: {} })).status, 404);
  });

  test("reviews answer for the asker and for others", async () => {
    const review = async (kind: string, spec: object, as: "admin" | { token: string }, namespace?: string) => {
      const path = `/apis/authorization.k8s.io/v1${namespace === undefined ? "" : `/namespaces/${namespace}`}/${kind}`;
      return (await post(path, { ...(namespace !== undefined && { metadata: { namespace } }), spec }, as)).json();
    };
    const create = { resourceAttributes: { namespace: "default", verb: "create", resource: "pods" } };
    assert.equal((await review("selfsubjectaccessreviews", create, alice)).status.allowed, true);
    assert.equal((await review("selfsubjectaccessreviews", create, { token: "bob-token" })).status.allowed, false);
    assert.equal((await review("subjectaccessreviews", { ...create, user: "alice" }, "admin")).status.allowed, true);
    assert.equal((await review("subjectaccessreviews", { ...create, user: "bob" }, alice)).code, 403);
    assert.equal((await review("localsubjectaccessreviews", { ...create, user: "alice" }, "admin", "default")).status.allowed, true);
    const local = await review("localsubjectaccessreviews", { ...create, user: "alice" }, "admin", "kube-system");
    assert.equal(local.code, 422);
    const all = await review("selfsubjectrulesreviews", { namespace: "default" }, alice);
    assert.ok(all.status.resourceRules.some((rule: any) => rule.resources.includes("pods/exec")));
    assert.equal(all.status.incomplete, false);
  });

  test("the issuer's key is public to those who verify its tokens", async () => {
    const configuration = await get("/.well-known/openid-configuration");
    assert.equal(configuration.json().issuer, "https://kubernetes.default.svc.cluster.local");
    const { keys } = (await get("/openid/v1/jwks")).json();
    assert.deepEqual([keys.length, keys[0].kty, keys[0].alg, keys[0].d], [1, "EC", "ES256", undefined]);
  });
});
