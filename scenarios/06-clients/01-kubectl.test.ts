/** The verbs of kubectl, typed with the oldest and the newest one that people have, against one engine each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apps, core, type KubectlVersion, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { pods, rolledOut } from "../harness/workloads.ts";

const versions: readonly KubectlVersion[] = ["1.35", "1.29", "1.20"];

for (const version of versions) {
  test(`kubectl ${version}`, async (t) => {
    const engine = await startEngine(t, { kubectl: version, files: new URL("manifests/", import.meta.url) });
    const { run, attempt, start } = engine;
    const isOld = version === "1.20";
    const image = async (): Promise<string> => (await engine.read(`${apps}/deployments/web`)).spec.template.spec.containers[0].image;

    await t.test("version, discovery and explain", async () => {
      assert.match(await run("kubectl version"), /Server Version: .*v?1[."].*35/);
      assert.match(await run("kubectl api-resources"), /^deployments +deploy +apps\/v1 +true +Deployment$/m);
      assert.match(await run("kubectl api-versions"), /^apps\/v1$/m);
      const explained = await run("kubectl explain deployment.spec.strategy.rollingUpdate");
      assert.match(explained, /KIND: +Deployment/);
      assert.match(explained, /maxSurge/);
      const unknown = await attempt("kubectl explain deployment.spec.nothing");
      assert.equal(unknown.code, 1);
      assert.match(unknown.stderr, /field "nothing" does not exist/);
    });

    await t.test("create", async () => {
      assert.equal(await run("kubectl create namespace other"), "namespace/other created");
      assert.equal(await run("kubectl create configmap settings --from-literal=colour=green"), "configmap/settings created");
      assert.equal(await run("kubectl create secret generic keys --from-literal=password=s3cr3t"), "secret/keys created");
      assert.equal(await run("kubectl create service clusterip plain --tcp=80:80"), "service/plain created");
      assert.equal(await run("kubectl create deployment made --image=kiamol/ch09-vweb:v1 -n other"), "deployment.apps/made created");
      const review = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { verb: "get", resource: "pods" } },
      };
      const reviewed = await run("kubectl create -o json -f -", { input: JSON.stringify(review) });
      assert.equal(JSON.parse(reviewed).status.allowed, true);
      const again = await attempt("kubectl create configmap settings");
      assert.equal(again.code, 1);
      assert.match(
        again.stderr,
        /^(error: failed to create configmap|Error from server \(AlreadyExists\)): configmaps "settings" already exists$/m,
      );
    });

    await t.test("apply, diff, get and describe", async () => {
      assert.equal(await run("kubectl apply -f web.yaml"), "deployment.apps/web created");
      assert.equal(await run("kubectl apply -f web.yaml"), "deployment.apps/web unchanged");
      await run("kubectl rollout status deploy/web");
      assert.equal((await attempt("kubectl diff -f web.yaml")).code, 0);
      const diff = await attempt("sed 's/replicas: 2/replicas: 3/' web.yaml | kubectl diff -f -");
      assert.equal(diff.code, 1);
      assert.match(diff.stdout, /^- {2}replicas: 2\n\+ {2}replicas: 3$/m);
      assert.match(await run("kubectl get deploy web"), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s$/);
      assert.match(await run("kubectl get deploy web -o wide"), /CONTAINERS +IMAGES +SELECTOR\n.* web +kiamol\/ch09-vweb:v1 +app=web$/);
      assert.match(
        await run("kubectl get pods,deploy,rs -l app=web -o name"),
        /^pod\/web-\S+\npod\/web-\S+\ndeployment\.apps\/web\nreplicaset\.apps\/web-\S+$/,
      );
      assert.equal(await run("kubectl get deploy -A -o jsonpath='{.items[*].metadata.name}'"), "web made");
      assert.equal(await run("kubectl get pods --field-selector=status.phase!=Running -l app=web -o name"), "");
      assert.match(await run("kubectl get nodes"), /^windlass-1 +Ready +\S+ +\S+ +v1\.35\.\d/m);
      assert.match(await run("kubectl describe deploy web"), /^Selector: +app=web$/m);
      assert.match(await run("kubectl describe pod -l app=web"), /Normal +Started +/);
      assert.match(await run("kubectl describe secret keys"), /^password: +6 bytes$/m);
      assert.match(await run("kubectl describe node windlass-1"), /^Allocatable:$/m);
    });

    await t.test("set, rollout and scale", async () => {
      assert.match(await run("kubectl set image deploy/web web=kiamol/ch09-vweb:v2"), /^deployment\.apps\/web image updated$/);
      assert.match(await run("kubectl rollout status deploy/web"), /deployment "web" successfully rolled out$/);
      assert.match(await run("kubectl rollout history deploy/web"), /^1 +<none>\n2 +<none>$/m);
      assert.match(await run("kubectl rollout history deploy/web --revision=2"), /Image:\s+kiamol\/ch09-vweb:v2/);
      assert.equal(await run("kubectl rollout undo deploy/web"), "deployment.apps/web rolled back");
      assert.equal(await image(), "kiamol/ch09-vweb:v1");
      assert.equal(await run("kubectl rollout pause deploy/web"), "deployment.apps/web paused");
      await run("kubectl set env deploy/web COLOUR=green && kubectl set resources deploy/web --limits=memory=64Mi");
      const paused = await attempt("kubectl rollout pause deploy/web");
      assert.equal(paused.code, 1);
      assert.match(paused.stderr, /deployments\.apps "web" is already paused/);
      assert.equal(await run("kubectl rollout resume deploy/web"), "deployment.apps/web resumed");
      await run("kubectl rollout status deploy/web");
      const [pod] = await rolledOut(engine, "web");
      assert.deepEqual(pod.spec.containers[0].env, [{ name: "COLOUR", value: "green" }]);
      assert.deepEqual(pod.spec.containers[0].resources.limits, { memory: "64Mi" });
      assert.equal(await run("kubectl rollout restart deploy/web"), "deployment.apps/web restarted");
      await run("kubectl rollout status deploy/web");
      const restarted = await rolledOut(engine, "web");
      assert.ok(restarted.every(({ metadata }) => metadata.annotations["kubectl.kubernetes.io/restartedAt"]));
      assert.equal(await run("kubectl scale deploy/web --replicas=3 --current-replicas=2"), "deployment.apps/web scaled");
      await rolledOut(engine, "web");
      const wrong = await attempt("kubectl scale deploy/web --replicas=1 --current-replicas=7");
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, /Expected replicas to be 7, was 3/);
    });

    await t.test("label, annotate and the three patches", async () => {
      assert.equal(await run("kubectl label deploy/web tier=front"), "deployment.apps/web labeled");
      assert.match(
        (await attempt("kubectl label deploy/web tier=back")).stderr,
        /'tier' already has a value \(front\), and --overwrite is false/,
      );
      assert.equal(await run("kubectl annotate deploy/web note='two words'"), "deployment.apps/web annotated");
      assert.match(await run("kubectl label deploy/web tier-"), /^deployment\.apps\/web (un)?labeled$/);
      assert.equal(
        await run(
          `kubectl patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"SIZE","value":"3"}]}]}}}}'`,
        ),
        "deployment.apps/web patched",
      );
      assert.equal(await run("kubectl get deploy web -o jsonpath='{.spec.template.spec.containers[0].env[*].name}'"), "SIZE COLOUR");
      assert.equal(
        await run(`kubectl patch configmap settings --type=merge -p '{"data":{"colour":null,"size":"3"}}'`),
        "configmap/settings patched",
      );
      assert.equal(
        await run(
          `kubectl patch configmap settings --type=json -p '[{"op":"test","path":"/data/size","value":"3"},{"op":"add","path":"/data/more","value":"yes"}]'`,
        ),
        "configmap/settings patched",
      );
      assert.deepEqual((await engine.read(`${core}/configmaps/settings`)).data, { size: "3", more: "yes" });
      const refused = await attempt(`kubectl patch deploy web -p '{"spec":{"selector":{"matchLabels":{"app":"else"}}}}'`);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /field is immutable/);
    });

    await t.test("logs, exec, cp and port-forward", async () => {
      const [pod] = await rolledOut(engine, "web");
      const name = pod.metadata.name as string;
      await until("the app has written", async () => (await run(`kubectl logs ${name}`)).includes("start worker process"));
      assert.match(await run("kubectl logs deploy/web --tail=1"), /\S/);
      const failed = await attempt(`kubectl exec ${name} -- sh -c 'echo out; echo err >&2; exit 3'`);
      assert.deepEqual([failed.code, failed.stdout, failed.stderr], [3, "out\n", "err\ncommand terminated with exit code 3\n"]);
      assert.equal((await attempt(`kubectl exec -i ${name} -- cat`, { input: "through" })).stdout, "through");
      await run(
        `head -c 100000 /dev/urandom > there-${version} && kubectl cp there-${version} ${name}:/tmp/file && kubectl cp ${name}:/tmp/file back-${version} && cmp there-${version} back-${version}`,
      );
      const forward = start(`kubectl port-forward ${name} :80`);
      const port = await until("it listens", () => /127\.0\.0\.1:(\d+)/.exec(forward.output())?.[1]);
      assert.equal(await run(`curl -s http://127.0.0.1:${port}/v.txt`), "v1");
      await forward.end();
    });

    await t.test("wait, watch and events", async () => {
      assert.match(await run("kubectl wait --for=condition=Available deploy/web --timeout=10s"), /condition met$/);
      const never = await attempt("kubectl wait --for=condition=Nothing deploy/web --timeout=1s");
      assert.equal(never.code, 1);
      assert.match(never.stderr, /timed out waiting for the condition/);
      const watching = start("kubectl get deploy web --watch");
      await until("it has listed", () => /^web /m.test(watching.output()));
      await run("kubectl scale deploy/web --replicas=1");
      await until("it has shown the change", () => /^web +\d\/1 /m.test(watching.output()));
      await watching.end();
      await rolledOut(engine, "web");
      assert.match(
        await run("kubectl get events --field-selector=reason=ScalingReplicaSet"),
        /deployment\/web +(\(combined from similar events\): )?Scaled (up|down) replica set web-/,
      );
      const deleting = start("kubectl wait --for=delete deploy/made -n other --timeout=20s -v=6");
      await until("it watches", () => deleting.output().includes("watch=true"));
      await run("kubectl delete deploy made -n other");
      const deleted = await deleting.ended;
      assert.equal(deleted.code, 0, deleted.output);
    });

    if (!isOld) {
      await t.test("server-side apply and its conflicts", async () => {
        assert.equal(
          await run("kubectl apply --server-side --field-manager=mine --force-conflicts -f web.yaml"),
          "deployment.apps/web serverside-applied",
        );
        const other = await attempt("sed 's/replicas: 2/replicas: 5/' web.yaml | kubectl apply --server-side --field-manager=yours -f -");
        assert.equal(other.code, 1);
        assert.match(other.stderr, /Apply failed with 1 conflict: conflict with "mine".*: \.spec\.replicas/);
        await run("sed 's/replicas: 2/replicas: 3/' web.yaml | kubectl apply --server-side --field-manager=yours --force-conflicts -f -");
        assert.match(
          await run("kubectl get deploy web --show-managed-fields -o jsonpath='{.metadata.managedFields[*].manager}'"),
          /\bmine\b.*\byours\b|\byours\b.*\bmine\b/,
        );
        assert.equal(await run("kubectl get deploy web -o jsonpath='{.spec.replicas}'"), "3");
      });
    }

    await t.test("what is wrong is said as Kubernetes says it", async () => {
      const cases: [string, RegExp][] = [
        ["kubectl get pod nobody", /^Error from server \(NotFound\): pods "nobody" not found$/m],
        ["kubectl get nothing", /^error: the server doesn't have a resource type "nothing"$/m],
        ["kubectl get pods -n nowhere nobody", /NotFound/],
        ["kubectl create deployment Bad_Name --image=x", /Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of/],
        [
          "sed 's/replicas: 2/replicas: -1/' web.yaml | kubectl apply -f -",
          /The Deployment "web" is invalid: spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
        ],
        ["sed 's/image:/imag:/' web.yaml | kubectl apply -f -", /unknown field "(spec\.template\.spec\.containers\[0\]\.)?imag"/],
        ["kubectl apply -f nowhere.yaml", /error: the path "nowhere\.yaml" does not exist/],
        ["kubectl rollout undo deploy/web --to-revision=99", /error: unable to find specified revision 99 in history/],
        ["kubectl set image deploy/web nobody=x", /error: unable to find container named "nobody"/],
        ["kubectl logs nobody", /Error from server \(NotFound\): pods "nobody" not found|error: .*pods "nobody" not found/],
        ["kubectl delete deploy nobody", /Error from server \(NotFound\): deployments\.apps "nobody" not found/],
      ];
      for (const [line, why] of cases) {
        const { code, stderr } = await attempt(line);
        assert.equal(code, 1, `${line}: ${stderr}`);
        assert.match(stderr, why, line);
      }
      // Without a terminal the same command writes nothing but its warning where there is nothing.
      assert.equal((await attempt("kubectl get pods -n nowhere")).stderr, "No resources found in nowhere namespace.\n");
    });

    await t.test("delete, in the background, in the foreground, orphaning, and whole namespaces", async () => {
      await run(`kubectl delete deploy web ${isOld ? "--cascade=orphan" : "--cascade=orphan"}`);
      assert.equal(
        (await engine.read(`${apps}/replicasets?labelSelector=app%3Dweb`)).items.every(
          ({ metadata }: any) => metadata.ownerReferences === undefined,
        ),
        true,
      );
      await run("kubectl apply -f web.yaml && kubectl rollout status deploy/web");
      await run("kubectl delete deploy web --cascade=foreground");
      assert.equal((await pods(engine, "app=web")).length, 0);
      assert.match(
        await run("kubectl delete configmap/settings secret/keys service/plain"),
        /^configmap "settings" deleted.*\nsecret "keys" deleted.*\nservice "plain" deleted/,
      );
      await run("kubectl create configmap inside -n other");
      assert.match(await run("kubectl delete namespace other"), /^namespace "other" deleted/);
      assert.match((await attempt("kubectl get namespace other")).stderr, /NotFound/);
    });
  });
}
