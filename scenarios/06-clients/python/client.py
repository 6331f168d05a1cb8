"""What a program of the official Python client does with a cluster; prints one line of JSON for each step."""
import json
import sys

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
apps = client.AppsV1Api()
namespace = "default"


def say(step, result):
    print(json.dumps({"step": step, "result": result}), flush=True)


def until_available(replicas):
    """Follows a watch until so many replicas are available, and says whether it saw it appear."""
    seen = set()
    for event in watch.Watch().stream(
        apps.list_namespaced_deployment, namespace, field_selector="metadata.name=web", timeout_seconds=60
    ):
        seen.add(event["type"])
        if event["object"].status.available_replicas == replicas:
            return "ADDED" in seen


container = client.V1Container(name="web", image="kiamol/ch09-vweb:v1")
template = client.V1PodTemplateSpec(
    metadata=client.V1ObjectMeta(labels={"app": "web"}),
    spec=client.V1PodSpec(containers=[container], termination_grace_period_seconds=1),
)
spec = client.V1DeploymentSpec(
    replicas=2, selector=client.V1LabelSelector(match_labels={"app": "web"}), template=template
)
created = apps.create_namespaced_deployment(
    namespace, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)
)
say("create", created.spec.strategy.rolling_update.max_surge)
say("watch", until_available(2))

pods = core.list_namespaced_pod(namespace, label_selector="app=web").items
say("pods", [pod.status.phase for pod in pods])
name = pods[0].metadata.name
exec_ = core.connect_get_namespaced_pod_exec
command = ["echo", "out"]
say("exec", stream(exec_, name, namespace, command=command, stdout=True, stderr=True, stdin=False, tty=False))
shell = stream(
    exec_, name, namespace, command=["sh"], stdout=True, stderr=True, stdin=True, tty=False, _preload_content=False
)
shell.write_stdin("echo heard\nexit 3\n")
shell.run_forever(timeout=30)
say("shell", [shell.read_stdout(), shell.returncode])
say("log", isinstance(core.read_namespaced_pod_log(name, namespace), str))

say("scale", apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 1}}).spec.replicas)
json_patch = [{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]
say("json patch", apps.patch_namespaced_deployment("web", namespace, json_patch).metadata.labels)
resource = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="apps/v1", kind="Deployment")
say("dynamic", resource.get(namespace=namespace, name="web").metadata.labels.a)
try:
    core.read_namespaced_pod("nothing", namespace)
except ApiException as error:
    say("not there", [error.status, json.loads(error.body)["message"]])
stale = apps.read_namespaced_deployment("web", namespace)
stale.metadata.resource_version = "1"
try:
    apps.replace_namespaced_deployment("web", namespace, stale)
except ApiException as error:
    say("conflict", [error.status, error.reason])
apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
for event in watch.Watch().stream(core.list_namespaced_pod, namespace, label_selector="app=web", timeout_seconds=60):
    if event["type"] == "DELETED" and not core.list_namespaced_pod(namespace, label_selector="app=web").items:
        break
say("delete", len(core.list_namespaced_pod(namespace, label_selector="app=web").items))
