/** Everything that a Pod can have mounted or set, seen from inside its container. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podReady } from "../harness/workloads.ts";

test("volumes and environment", async (t) => {
  const engine = await startEngine(t, { files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  const host = join(engine.directory, "host-directory");
  await run(`sed "s#HOST_DIRECTORY#${host}#" everything-mounted.yaml | kubectl apply -f -`);
  const pod = await podReady(engine, "mounted");
  const inside = (line: string): Promise<string> => run(`kubectl exec mounted -c main -- sh -c '${line}'`);

  await t.test("the environment comes from every source", async () => {
    const lines = (await inside("env")).split("\n");
    const variables = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
    const wanted = {
      colour: "green",
      size: "3",
      KEY_password: "s3cr3t",
      KEY_token: "t0k3n",
      PLAIN: "plain",
      EXPANDED: "plain-green-$(UNKNOWN)-$(PLAIN)",
      colour_again: "green",
      PASSWORD: "s3cr3t",
      POD_NAME: "mounted",
      POD_IP: pod.status.podIP,
      NODE_NAME: pod.spec.nodeName,
      TIER: "back",
      MEMORY: String(64 * 1024 * 1024),
      CPU: "250",
      HOSTNAME: "mounted",
      KUBERNETES_SERVICE_PORT: "443",
    };
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, variables[name]])), wanted);
    assert.ok(!("ABSENT" in variables));
  });

  await t.test("a ConfigMap is a folder of files, whole or chosen, text or bytes", async () => {
    assert.equal(await inside("ls /settings"), "app.conf\nbytes\ncolour\nsize");
    assert.equal(await inside("cat /settings/colour /settings/app.conf"), "greencolour = green");
    assert.equal(await inside("od -An -tx1 /settings/bytes"), " 00 01 02 ff");
    assert.equal(await inside("cat /etc/one.conf"), "colour = green");
    assert.equal(await inside("ls /chosen /chosen/etc/"), "/chosen:\netc\n\n/chosen/etc/:\napp.conf");
    assert.equal(await inside("stat -L -c %a /chosen/etc/app.conf"), "440");
    assert.equal(await inside("ls -A /perhaps | grep -v ^[.][.] | wc -l"), "0");
  });

  await t.test("a Secret has the mode that was asked for, and lies in memory, as tokens do", async () => {
    for (const path of ["/keys", "/all", "/about", "/var/run/secrets/kubernetes.io/serviceaccount"])
      assert.equal(await inside(`stat -f -c %T ${path}`), "tmpfs");
    assert.equal(await inside("stat -L -c %a /keys/password"), "400");
    assert.equal(await inside("cat /keys/password"), "s3cr3t");
  });

  await t.test("a projected volume joins its sources", async () => {
    assert.equal(await inside("cat /all/colour"), "green");
    assert.equal(await inside("cat /all/secret/password; stat -L -c %a /all/secret/password /all/colour"), "s3cr3t400\n444");
    assert.equal(await inside("cat /all/labels"), 'app="mounted"\ntier="back"');
    const claims = JSON.parse(Buffer.from((await inside("cat /all/token")).split(".")[1] ?? "", "base64url").toString());
    assert.deepEqual(claims.aud, ["vault"]);
    assert.equal(claims.sub, "system:serviceaccount:default:default");
    assert.equal(claims["kubernetes.io"].pod.name, "mounted");
  });

  await t.test("the downward API tells a Pod about itself", async () => {
    assert.equal(await inside("cat /about/name"), "mounted");
    assert.match(await inside("cat /about/annotations"), /^note="a \\"quoted\\" note"$/m);
    assert.equal(await inside("cat /about/memory"), "64");
  });

  await t.test("an emptyDir is shared between init container and container, in parts too", async () => {
    assert.equal(await inside("cat /scratch/init /below/file"), "from-init\ndeep");
    await inside("echo named > /named/file");
    assert.equal(await inside("cat /scratch/mounted/file /read-only/mounted/file"), "named\nnamed");
    assert.match((await attempt("kubectl exec mounted -- touch /read-only/x")).stderr, /Read-only file system/);
    assert.match(await inside('grep " /in-memory " /proc/mounts'), /^tmpfs \/in-memory tmpfs .*size=8192k/);
  });

  await t.test("a hostPath is a folder of this machine", async () => {
    assert.equal(readFileSync(join(host, "from-pod"), "utf8"), "host\n");
    await run(`echo from-host > ${host}/from-host`);
    assert.equal(await inside("cat /host/from-host"), "from-host");
  });

  await t.test("every Pod finds its service account, its name and its resolver", async () => {
    assert.equal(await inside("ls /var/run/secrets/kubernetes.io/serviceaccount"), "ca.crt\nnamespace\ntoken");
    assert.equal(await inside("cat /var/run/secrets/kubernetes.io/serviceaccount/namespace"), "default");
    assert.match(await inside("cat /etc/hosts"), new RegExp(`^${pod.status.podIP.replaceAll(".", "\\.")}\\s+mounted$`, "m"));
    assert.match(await inside("cat /etc/resolv.conf"), /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m);
    assert.match(await inside("nslookup kubernetes.default.svc.cluster.local"), /Address(?: \d)?: 10\.\d+\.0\.1\b/);
  });

  await t.test("changes of a ConfigMap, a Secret and labels arrive in the running container, but not in a subPath", async () => {
    await run(`kubectl patch configmap settings -p '{"data":{"colour":"red","app.conf":"colour = red","more":"yes"}}'`);
    await run(`kubectl patch secret keys -p '{"stringData":{"password":"n3w"}}'`);
    await run("kubectl label pod mounted tier=front --overwrite");
    await until(
      "the files are new",
      async () => {
        const text = await inside("cat /settings/colour /settings/more /keys/password /all/colour /all/secret/password /all/labels");
        return text === 'redyesn3wredn3wapp="mounted"\ntier="front"';
      },
      { withinMs: 90_000 },
    );
    assert.equal(await inside("cat /etc/one.conf"), "colour = green");
    assert.equal(await inside("echo $colour"), "green");
    assert.equal(await run("kubectl get pod mounted -o jsonpath='{.status.containerStatuses[0].restartCount}'"), "0");
  });

  await t.test("a Pod whose ConfigMap is missing waits and says so, and starts when it is there", async () => {
    await run("kubectl apply -f waits-for-configuration.yaml");
    await until("the event names the ConfigMap", async () =>
      (await run("kubectl describe pod waits-for-volume")).includes(
        'MountVolume.SetUp failed for volume "later" : configmap "later" not found',
      ),
    );
    await until("the container says what it lacks", async () =>
      (await run("kubectl get pod waits-for-variable -o jsonpath='{.status.containerStatuses[0].state.waiting}'")).includes(
        '"message":"configmap \\"later\\" not found","reason":"CreateContainerConfigError"',
      ),
    );
    await run("kubectl create configmap later --from-literal=key=value");
    await podReady(engine, "waits-for-volume", { withinMs: 60_000 });
    await podReady(engine, "waits-for-variable", { withinMs: 60_000 });
    assert.equal(await run("kubectl exec waits-for-variable -- sh -c 'echo $KEY'"), "value");
  });
});
