/** Applications that are made, scaled and taken away by kubectl alone, as the official tests have it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEngine } from "../../harness/engine.ts";
import { until } from "../../harness/until.ts";

const manifest = JSON.stringify({
  apiVersion: "v1",
  kind: "ReplicationController",
  metadata: { name: "update-demo" },
  spec: {
    replicas: 2,
    selector: { name: "update-demo" },
    template: {
      metadata: { labels: { name: "update-demo" } },
      spec: { containers: [{ name: "update-demo", image: "kiamol/ch09-vweb:v1", ports: [{ containerPort: 80 }] }] },
    },
  },
});

test("applications", async (t) => {
  const engine = await startEngine(t);
  const names = async (): Promise<string[]> => {
    const template = "{{range.items}}{{.metadata.name}} {{end}}";
    return (await engine.run(`kubectl get pods -l name=update-demo -o template --template='${template}'`)).split(" ").filter(Boolean);
  };
  /** Waits until so many run the image and answer through the server. */
  const validated = (count: number): Promise<unknown> =>
    until(
      `${count} Pods run and answer`,
      async () => {
        const found = await names();
        if (found.length !== count) return false;
        for (const name of found) {
          const state =
            '{{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}{{if (exists . "state" "running")}}true{{end}}{{end}}{{end}}';
          if ((await engine.run(`kubectl get pod ${name} -o template --template='${state}'`)) !== "true") return false;
          const image = await engine.run(`kubectl get pod ${name} -o template --template='{{(index .spec.containers 0).image}}'`);
          assert.equal(image, "kiamol/ch09-vweb:v1");
          const { stdout } = await engine.attempt(`kubectl get --raw /api/v1/namespaces/default/pods/${name}/proxy/v.txt`);
          if (!stdout.startsWith("v1")) return false;
        }
        return true;
      },
      { withinMs: 60_000 },
    );

  await t.test("Kubectl client Update Demo should create and stop a replication controller", async () => {
    await engine.run("kubectl create -f -", { input: manifest });
    await validated(2);
    await engine.run("kubectl delete --grace-period=0 --force -f -", { input: manifest });
    assert.equal(await engine.run("kubectl get rc,svc -l name=update-demo --no-headers"), "");
    await until("its Pods are gone", async () => (await names()).length === 0);
  });

  await t.test("Kubectl client Update Demo should scale a replication controller", async () => {
    await engine.run("kubectl create -f -", { input: manifest });
    await validated(2);
    await engine.run("kubectl scale rc update-demo --replicas=1 --timeout=5m");
    await validated(1);
    await engine.run("kubectl scale rc update-demo --replicas=2 --timeout=5m");
    await validated(2);
    await engine.run("kubectl delete --grace-period=0 --force -f -", { input: manifest });
  });
});
