/** describe, logs, exec and port-forward say what kubectl says. */
import test from "node:test";
import { startEngine } from "../harness/engine.ts";
import { assertSame } from "../harness/same-as-kubectl.ts";
import { until } from "../harness/until.ts";

const describing = [
  "kubectl describe deploy web --show-events=false",
  "kubectl describe deploy/web svc/web --show-events=false",
  "kubectl describe svc web",
  "kubectl describe cm conf",
  "kubectl describe rs -l app=web --show-events=false",
  "kubectl describe pod -l app=web --show-events=false",
  "kubectl describe pod web --show-events=false",
  "kubectl describe node windlass-1 --show-events=false",
  "kubectl describe sts db --show-events=false",
  "kubectl describe ds agent --show-events=false",
  "kubectl describe -f web.yaml --show-events=false",
  "kubectl describe deploy nope",
  "kubectl describe foo",
  "kubectl describe",
  "kubectl describe cm -A -l nope=1",
  "kubectl describe deploy -l nope=1",
  "kubectl describe deploy web --as=joe",
];

const reading = [
  "kubectl logs deploy/web",
  "kubectl logs deploy/web -c d",
  "kubectl logs deploy/web -c nope",
  "kubectl logs deploy/web --all-containers --prefix",
  "kubectl logs -l app=web --prefix --tail=1",
  "kubectl logs -l app=nope",
  "kubectl logs nope",
  "kubectl logs pod/nope",
  "kubectl logs",
  "kubectl logs a b c",
  "kubectl logs deploy/web -c c d",
  "kubectl logs deploy/web -p",
  "kubectl logs deploy/web --since=1h --since-time=2024-01-01T00:00:00Z",
  "kubectl logs deploy/web --since=abc",
  "kubectl logs deploy/web --tail=x",
  "kubectl logs deploy/web --tail=-2",
  "kubectl logs deploy/web --limit-bytes=5",
];

const reaching = [
  "kubectl exec nope -- ls",
  "kubectl exec deploy/nope -- ls",
  "kubectl exec foo/web -- ls",
  "kubectl exec deploy/web",
  "kubectl exec",
  "kubectl exec -- ls",
  "kubectl exec deploy/web ls",
  "kubectl attach nope",
  "kubectl attach",
  "kubectl port-forward nope 80",
  "kubectl port-forward",
  "kubectl port-forward deploy/web",
  "kubectl port-forward deploy/web x:y",
  "kubectl port-forward deploy/web 99999",
  "kubectl port-forward svc/web 0:81",
];

/** Ages of Pods stand in their descriptions; which of two Pods is taken is not said. */
const mask = [
  [/web-[\da-f]{8,10}-[a-z\d]{5}/g, "POD"],
  [/\b10\.\d+\.\d+\.\d+\b/g, "IP"],
] as const;

test("windlass looks at things as kubectl 1.35 does", async (t) => {
  const engine = await startEngine(t, { runtime: "simulated", images: [], files: new URL("manifests/", import.meta.url) });
  await engine.run("kubectl apply -f web.yaml -f more.yaml");
  await until("every Pod runs", async () => {
    const { items } = await engine.read("/api/v1/namespaces/default/pods");
    return (
      items.length === 4 &&
      items.every((pod: any) => pod.status.conditions?.some(({ type, status }: any) => type === "Ready" && status === "True"))
    );
  });
  await t.test("describe", () => assertSame(engine, describing, { mask }));
  await t.test("logs", () => assertSame(engine, reading, { mask }));
  await t.test("exec, attach, port-forward", () => assertSame(engine, reaching, { mask }));
});
