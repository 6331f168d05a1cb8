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
  "kubectl logs deploy/web --all-containers --prefix | sort",
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

const kinds = [
  {
    prepare:
      "kubectl apply -f web.yaml -f kinds.yaml; kubectl create pc pri --value=5 --description='some words'; kubectl create quota two --hard=pods=5 --scopes=BestEffort",
  },
  "kubectl describe ns default kube-system",
  "kubectl describe sa",
  "kubectl describe sc",
  "kubectl describe role reader",
  "kubectl describe clusterrole view",
  "kubectl describe clusterrole cluster-admin system:discovery",
  "kubectl describe rolebinding readers",
  "kubectl describe clusterrolebinding cluster-admin",
  "kubectl describe endpointslice -l kubernetes.io/service-name=web",
  "kubectl describe endpoints web",
  "kubectl describe cronjob report --show-events=false",
  "kubectl describe pdb budget --show-events=false",
  "kubectl describe pc pri",
  "kubectl describe netpol walls",
  "kubectl describe ing door",
  "kubectl describe quota",
  "kubectl describe limits ranges",
  "kubectl describe pvc claim --show-events=false",
  "kubectl describe clusterroles --show-events=false",
];

const templates = [
  "kubectl get deploy web -o go-template='{{.metadata.name}}'",
  "kubectl get deploy,svc,cm -o go-template='{{range .items}}{{.metadata.name}}{{\"\\n\"}}{{end}}'",
  "kubectl get deploy web -o go-template='{{.nope}} {{.nope.x}}'",
  "kubectl get deploy web -o go-template='{{.spec.replicas}} {{.metadata.labels}} {{.spec.template.spec.containers}}'",
  "kubectl get deploy web -o go-template='{{range $i, $c := .spec.template.spec.containers}}{{if $i}},{{end}}{{$c.name}}={{$c.image}}{{end}}'",
  "kubectl get deploy web -o go-template='{{range $k, $v := .metadata.labels}}{{$k}}={{$v}};{{end}}'",
  "kubectl get deploy web -o go-template='{{if eq .spec.replicas 2}}two{{else}}other{{end}} {{if gt .spec.replicas 1}}many{{end}}'",
  "kubectl get deploy web -o go-template='{{if and .metadata .spec}}both{{end}}{{if or .nope .spec.nope}}one{{else}}none{{end}}{{if not .nope}} not{{end}}'",
  "kubectl get deploy web -o go-template='{{with .metadata}}{{.name}} {{$.kind}}{{end}}{{with .nope}}x{{else}}empty{{end}}'",
  "kubectl get deploy web -o go-template='{{index .metadata.labels \"app\"}} {{(index .spec.template.spec.containers 1).image}} {{len .spec.template.spec.containers}}'",
  'kubectl get deploy web -o go-template=\'{{printf "%s-%d|%5d|%-5s|%q|%v" .metadata.name 3 4 "a" "b" true}}\'',
  "kubectl get deploy web -o go-template='{{.metadata.name | printf \"%s!\"}} {{ .metadata.name | len }}'",
  "kubectl get deploy web -o go-template='  {{- .kind -}}   \n x {{/* note */}}y {{- /* n */ -}} z'",
  "kubectl get deploy web -o go-template='{{$x := .kind}}{{$x}}{{$x = \"y\"}}{{$x}}'",
  "kubectl get deploy web -o go-template='{{range .nope}}a{{else}}b{{end}}{{range .spec.template.spec.containers}}{{if eq .name \"d\"}}{{break}}{{end}}{{.name}}{{end}}'",
  'kubectl get deploy web -o go-template=\'{{define "T"}}<{{.}}>{{end}}{{template "T" .kind}}\'',
  'kubectl get deploy web -o go-template=\'{{slice .kind 0 3}} {{html "<a>"}} {{js "a\\"b"}} {{urlquery "a b&c"}} {{print 1 2 "x" 3}} {{println "q"}}\'',
  'kubectl get deploy web -o go-template=\'{{if exists . "metadata" "name"}}yes{{end}}{{if exists . "metadata" "nope"}}no{{end}} {{base64decode "aGk="}}\'',
  'kubectl get deploy web -o go-template=\'{{eq 1 1 2}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{ge 1 2}} {{eq .kind "a" "Deployment"}}\'',
  "kubectl get cm conf -o go-template='{{.status}}'",
  "kubectl get cm conf -o go-template='{{.data}}'",
  "kubectl get deploy web -o go-template='{{true}} {{1.5}} {{\"a\\tb\"}} {{`raw`}}'",
  "kubectl get deploy web -o go-template --template='{{.kind}}'",
  "kubectl get deploy web --template='{{.kind}}'",
  "kubectl get deploy web -o go-template-file=t.txt",
  "kubectl get deploy web -o template='{{.kind}}'",
  "kubectl get deploy web -o templatefile=t.txt",
  "kubectl get deploy -o go-template='{{len .items}}'",
  "kubectl create deploy q --image=x --dry-run=client -o go-template='{{.metadata.name}}'",
  "kubectl get deploy web -o go-template",
  "kubectl get deploy web -o go-template=",
  "kubectl get deploy web -o go-template-file=nope",
  'kubectl get deploy web -o go-template=\'{{if eq .kind "Deployment"}}a{{else if eq .kind "x"}}b{{else}}c{{end}}\'',
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
  await t.test("go-template", () => assertSame(engine, templates, { mask }));
  await t.test("describe other kinds", () => assertSame(engine, kinds, { mask }));
});
