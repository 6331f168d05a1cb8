/** What the official node tests ask of a Pod's whole life: the token it is given, restarts that only grow, and a last call before it goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, startEngine } from "../../harness/engine.ts";
import { until } from "../../harness/until.ts";
import {
  checkSaying,
  create,
  isReady,
  outputOf,
  podOf,
  podsOfTable,
  podWhere,
  readPod,
  type Saying,
  shellContainer,
  waitForEver,
} from "../containers.ts";

const environment = (source: string) => ({ envFrom: [{ [source]: { name: "map" } }] });
const rows: Saying[] = [
  {
    sentence: "ConfigMap should be consumable via the environment",
    line: "echo $data_1 $data_2",
    says: "value-1 value-2",
    container: environment("configMapRef"),
  },
  {
    sentence: "Secrets should be consumable via the environment",
    line: "echo $data_1 $data_2",
    says: "value-1 value-2",
    container: environment("secretRef"),
  },
];
const account = "/var/run/secrets/kubernetes.io/serviceaccount";
const projected = {
  volumes: [
    { name: "token", projected: { sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600, audience: "vault" } }] } },
  ],
};
const claimsOf = (token: string): any => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

test("lives of Pods", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
  const data = { data_1: "value-1", data_2: "value-2" };
  await create(engine, [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "map" }, data },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "map" }, stringData: data },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "mounted" } },
  ]);
  await create(engine, [
    ...podsOfTable("row", rows),
    podOf("token", [shellContainer(`cd ${account}; cat token; echo; cat namespace; echo; grep -c BEGIN ca.crt`)], {
      serviceAccountName: "mounted",
    }),
    podOf(
      "projected-token",
      [shellContainer("cat /vault/token; echo; stat -L -c %a /vault/token", { volumeMounts: [{ name: "token", mountPath: "/vault" }] })],
      projected,
    ),
    podOf(
      "restarted",
      [shellContainer(waitForEver, { livenessProbe: { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 1 } })],
      { restartPolicy: "Always" },
    ),
    podOf("server", [
      shellContainer("mkdir /www; cd /www; while true; do nc -l -p 8080 -e sh -c 'read line; echo \"$line\" >> /proc/1/fd/1'; done"),
    ]),
  ]);

  for (const [index, row] of rows.entries()) {
    await t.test(row.sentence, () => checkSaying(engine, "row", index, row));
  }

  await t.test("ServiceAccounts should mount an API token into pods", async () => {
    const [token = "", namespace, authorities] = (await outputOf(engine, "token")).split("\n");
    assert.deepEqual([namespace, authorities], ["default", "1"]);
    assert.equal(claimsOf(token).sub, "system:serviceaccount:default:mounted");
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
    const { status } = JSON.parse(await engine.run("kubectl create -o json -f -", { input: JSON.stringify(review) }));
    assert.deepEqual([status.authenticated, status.user.username], [true, "system:serviceaccount:default:mounted"]);
  });

  await t.test("ServiceAccounts should mount projected service account token", async () => {
    const [token = "", mode] = (await outputOf(engine, "projected-token")).split("\n");
    const { aud, exp, iat } = claimsOf(token);
    assert.deepEqual([aud, exp - iat, mode], [["vault"], 3600, "644"]);
  });

  await t.test("PreStop should call prestop when killing a pod", async () => {
    await podWhere(engine, "server", "runs", ({ status }) => status.phase === "Running");
    const { podIP } = (await readPod(engine, "server")).status;
    const preStop = { exec: { command: ["sh", "-c", `echo prestop | nc ${podIP} 8080`] } };
    await create(engine, [
      podOf("tester", [shellContainer(waitForEver, { lifecycle: { preStop } })], { terminationGracePeriodSeconds: 30 }),
    ]);
    await podWhere(engine, "tester", "is ready", isReady);
    await engine.run("kubectl delete pod tester");
    await until("the server has been called", async () => (await engine.run("kubectl logs server")).includes("prestop"));
  });

  await t.test("Probing container should have monotonically increasing restart count", async () => {
    let highest = 0;
    await until(
      "it has been restarted three times",
      async () => {
        const { status } = await engine.read(`${core}/pods/restarted`);
        const count = status.containerStatuses?.[0].restartCount ?? 0;
        assert.ok(count >= highest, `${count} after ${highest}`);
        highest = count;
        return count >= 3;
      },
      { withinMs: 150_000 },
    );
  });
});
