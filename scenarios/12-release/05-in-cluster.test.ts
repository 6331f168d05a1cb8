/** `windlass controller` as its users run it: two Pods inside of a cluster whose engine knows nothing of releases. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { apps, core, type Engine, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { rolledOut } from "../harness/workloads.ts";

const namespace = "windlass-system";
const system = `/api/v1/namespaces/${namespace}`;

/** Pods of the controller that are ready and stay. */
async function replicas(engine: Engine): Promise<any[]> {
  const { items } = await engine.read(`${system}/pods`);
  return (items as any[]).filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined &&
      status.conditions?.some((condition: any) => condition.type === "Ready" && condition.status === "True"),
  );
}

const bothReady = (engine: Engine) => until("two replicas are ready", async () => (await replicas(engine)).length === 2);

/** The Pod that holds the lease. */
async function leader(engine: Engine): Promise<string> {
  const { spec } = await engine.read(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/windlass-controller`);
  return spec.holderIdentity.replace(/-[0-9a-f]+$/, "");
}

async function releases(engine: Engine): Promise<any[]> {
  const { data } = await engine.read(`${core}/configmaps/web.deployment.releases`);
  return JSON.parse(data.releases);
}

const proven = (engine: Engine, number: number) =>
  until(`revision ${number} is proven good`, async () => {
    const last = (await releases(engine)).at(-1);
    return last.number === number && last.proven;
  });

const breakIt = `kubectl patch deployment/web --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/command","value":["/bin/not-there"]}]'`;

test("windlass controller looks after a cluster from inside", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar", "windlass.tar"], flags: "--release-controllers=false" });
  const { run } = engine;

  await t.test("without it, nothing of ours happens", async () => {
    await run("kubectl apply -f release/web.yaml");
    await rolledOut(engine, "web");
    assert.equal((await engine.read(`${core}/configmaps?labelSelector=windlass.dev%2Fhistory-of`)).items.length, 0);
    const name = await run("kubectl get deployment web -o jsonpath='{.spec.template.spec.containers[0].envFrom[0].configMapRef.name}'");
    assert.equal(name, "web-settings");
  });

  await t.test("its manifest is applied, and two replicas come up, with no more than a restricted Pod may", async () => {
    await run("windlass controller manifest > controller.yaml && kubectl apply -f controller.yaml");
    await bothReady(engine);
    const [pod] = await replicas(engine);
    assert.equal(await run(`kubectl -n ${namespace} logs ${pod.metadata.name} | grep -c ' started '`), "1");
    const shell = await engine.attempt(`kubectl -n ${namespace} exec ${pod.metadata.name} -- sh -c id`);
    assert.notEqual(shell.code, 0, "there is no shell in its image");
    const node = (code: string) => run(`kubectl -n ${namespace} exec ${pod.metadata.name} -- node -e ${JSON.stringify(code)}`);
    assert.equal(await node("console.log(process.getuid(), process.getgid())"), "65532 65532");
    assert.match(await node("try { require('fs').writeFileSync('/tmp/x', '') } catch (error) { console.log(error.code) }"), /EROFS/);
    const status = await node("console.log(require('fs').readFileSync('/proc/1/status', 'utf8'))");
    for (const line of [/CapEff:\s+0+$/m, /NoNewPrivs:\s+1$/m, /Seccomp:\s+2$/m]) assert.match(status, line);
  });

  await t.test("what was there before it is recorded, and its configuration is given revisions", async () => {
    await until("the first release is recorded", async () => (await releases(engine)).length > 0);
    await until("the template names a copy", async () => {
      const { spec } = await engine.read(`${apps}/deployments/web`);
      return /^web-settings-/.test(spec.template.spec.containers[0].envFrom[0].configMapRef.name);
    });
    await rolledOut(engine, "web");
    await until("it is proven good", async () => (await releases(engine)).at(-1).proven);
  });

  await t.test("a bad release goes back by itself, and the history tells", async () => {
    const before = (await rolledOut(engine, "web")).map(({ metadata }) => metadata.uid).sort();
    await run(breakIt);
    const told = await until("the rollback is told", () =>
      run("kubectl get events --field-selector reason=RolledBack -o jsonpath='{.items[*].message}'"),
    );
    assert.match(told, /the last one that was proven good: .*\/bin\/not-there.* does not exist/);
    assert.deepEqual((await rolledOut(engine, "web")).map(({ metadata }) => metadata.uid).sort(), before);
    await until("the history is up to date", async () => (await releases(engine)).at(-1).outcome === "completed");
    assert.match(await run("windlass rollout history deployment/web"), /rolled back/);
  });

  await t.test("an edit of the one ConfigMap is a rollout, without a webhook as well", async () => {
    await run(`kubectl patch configmap web-settings --type=merge -p '{"data":{"GREETING":"good day"}}'`);
    await until("the Pods have it", async () => {
      const [pod] = await rolledOut(engine, "web");
      return (await run(`kubectl exec ${pod.metadata.name} -- sh -c 'echo $GREETING'`)) === "good day";
    });
    const { number } = (await releases(engine)).at(-1);
    await proven(engine, number);
  });

  await t.test("the leader is killed in the middle of a bad release: the other takes over and finishes", async () => {
    const first = await leader(engine);
    // Another bad one: the same template is not rolled back twice.
    await run("kubectl set env deployment/web RELEASE=v3");
    await rolledOut(engine, "web");
    await proven(engine, (await releases(engine)).at(-1).number);
    await run(`kubectl -n ${namespace} delete pod ${first} --force --grace-period=0 2>/dev/null`);
    await run(breakIt);
    await until("another leads", async () => !["", first].includes(await leader(engine)));
    await until("it has gone back", async () => {
      const { spec } = await engine.read(`${apps}/deployments/web`);
      return spec.template.spec.containers[0].command[0] === "sh";
    });
    await rolledOut(engine, "web");
    await until(
      "the history tells it",
      async () => (await releases(engine)).filter(({ outcome }) => outcome === "rolled back").length === 2,
    );
    await bothReady(engine);
  });

  await t.test("a new version of it takes over while the old one lets go", async () => {
    const before = await leader(engine);
    await run(`kubectl -n ${namespace} set env deployment/windlass-controller VERSION=next`);
    await run(`kubectl -n ${namespace} rollout status deployment/windlass-controller --timeout=120s`);
    await until("one of the new Pods leads", async () => !["", before].includes(await leader(engine)));
    const { spec } = await engine.read(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/windlass-controller`);
    assert.ok(spec.leaseTransitions >= 2);
  });

  await t.test("its metrics say who leads", async () => {
    await bothReady(engine);
    const name = await leader(engine);
    const code = "fetch('http://127.0.0.1:8080/metrics').then((r) => r.text()).then(console.log)";
    const metrics = await until("the leader says so", async () => {
      const text = await run(`kubectl -n ${namespace} exec ${name} -- node -e ${JSON.stringify(code)}`);
      return /^windlass_controller_leader 1$/m.test(text) && text;
    });
    assert.match(metrics, /^windlass_controller_passes_total\{controller="rollback-of-deployments"\} \d+$/m);
  });

  await t.test("with the webhook, a review through the Service is answered over TLS by either replica", async () => {
    await run("windlass controller manifest --webhook > controller.yaml");
    // Where the kind is not served there is nobody who would call it, and the rest stands on its own.
    const served = (await engine.attempt("kubectl get mutatingwebhookconfigurations")).code === 0;
    const documents = parseAllDocuments(await run("cat controller.yaml")).map((document) => document.toJS());
    const wanted = documents.filter(({ kind }) => served || kind !== "MutatingWebhookConfiguration");
    await run("kubectl apply -f -", { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: wanted }) });
    await run(`kubectl -n ${namespace} rollout status deployment/windlass-controller --timeout=120s`);
    const { data } = await engine.read(`${system}/secrets/windlass-webhook`);
    const { spec } = await engine.read(`${system}/services/windlass-controller`);
    const object = await engine.read(`${apps}/deployments/web`);
    object.spec.template.spec.containers[0].envFrom[0].configMapRef.name = "web-settings";
    const ca = Buffer.from(data["ca.crt"], "base64");
    for (let i = 0; i < 6; i++) {
      const { response } = await until("a review is answered", () => ask(spec.clusterIP, ca, review(object)));
      assert.equal(response.uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
      assert.equal(response.allowed, true);
      const patch = JSON.parse(Buffer.from(response.patch, "base64").toString());
      const { value } = patch.find(({ path }: any) => path === "/spec/template");
      assert.match(value.spec.containers[0].envFrom[0].configMapRef.name, /^web-settings-[a-z0-9]+$/);
    }
  });

  await t.test("what its manifest made, its manifest takes away; workloads run on", async () => {
    await run("windlass controller manifest --webhook | kubectl delete --ignore-not-found -f - || true");
    await until("the namespace is gone", async () => (await engine.attempt(`kubectl get namespace ${namespace}`)).code !== 0);
    const left = await run(
      "kubectl get clusterroles,clusterrolebindings,leases,deployments,pods,services,serviceaccounts -A -l app.kubernetes.io/name=windlass-controller -o name",
    );
    assert.equal(left, "");
    await rolledOut(engine, "web");
    await run("kubectl delete -f release/web.yaml");
    await run("kubectl delete secret windlass-digest-key --ignore-not-found");
    await until("histories and copies have gone with it", async () => {
      const { items } = await engine.read(`${core}/configmaps`);
      return (items as any[]).every(({ metadata }) => metadata.name === "kube-root-ca.crt");
    });
  });
});

/** What a kube-apiserver sends for an update. */
const review = (object: any): object => ({
  kind: "AdmissionReview",
  apiVersion: "admission.k8s.io/v1",
  request: {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    kind: { group: "apps", version: "v1", kind: "Deployment" },
    resource: { group: "apps", version: "v1", resource: "deployments" },
    requestKind: { group: "apps", version: "v1", kind: "Deployment" },
    requestResource: { group: "apps", version: "v1", resource: "deployments" },
    name: object.metadata.name,
    namespace: object.metadata.namespace,
    operation: "UPDATE",
    userInfo: { username: "jane", groups: ["developers", "system:authenticated"] },
    object,
    oldObject: object,
    dryRun: false,
    options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "kubectl-client-side-apply" },
  },
});

function ask(host: string, ca: Buffer, body: object): Promise<any> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host,
        port: 443,
        path: "/pin-configuration?timeout=5s",
        method: "POST",
        ca,
        agent: false,
        timeout: 5000,
        servername: `windlass-controller.${namespace}.svc`,
        headers: { "content-type": "application/json", accept: "application/json, */*" },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () =>
          response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${response.statusCode} ${text}`)),
        );
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer")));
    asked.on("error", reject);
    asked.end(JSON.stringify(body));
  });
}
