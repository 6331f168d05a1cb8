import assert from "node:assert/strict";
import { test } from "node:test";
import { Endpoints } from "../api/kinds/endpoints/index.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { Service } from "../api/kinds/service/index.ts";
import { kubernetesServiceController } from "../controllers/kubernetes-service/index.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const key = { namespace: "default", name: "kubernetes" };

test("SVC-12: Service kubernetes is there, and follows the API server to another port and another range", async () => {
  let address = { ip: "10.244.0.1", port: 6443, serviceIp: "10.96.0.1" };
  const plane = await startVirtualControlPlane({ controllers: [(deps) => kubernetesServiceController(deps, () => address)] });
  const { client, clock } = plane;
  const look = async () => {
    await clock.advance(1000);
    const { spec } = await client.get(Service, key);
    const { subsets } = await client.get(Endpoints, key);
    const [subset] = subsets ?? [];
    return [spec?.clusterIP, spec?.ports?.[0]?.targetPort, subset?.addresses?.[0]?.ip, subset?.ports?.[0]?.port];
  };
  assert.deepEqual(await look(), ["10.96.0.1", 6443, "10.244.0.1", 6443]);
  address = { ip: "10.243.0.1", port: 7443, serviceIp: "10.96.0.9" };
  // What an engine does when it starts again: everything there is comes up once.
  await client.patch(Namespace, { name: "default" }, "merge", { metadata: { labels: { again: "yes" } } });
  assert.deepEqual(await look(), ["10.96.0.9", 7443, "10.243.0.1", 7443]);
  await plane.stop();
});
