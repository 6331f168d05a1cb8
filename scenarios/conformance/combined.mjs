// Checks that follow several official tests at once, or one of another name: the sentences that each of them stands for.
const services = (middle, type) => `Services should ${middle} ${type}`;
const clusterType = "for service with type clusterIP";
const nodeType = "for NodePort service";
const volumes = ["ConfigMap", "Secrets", "Projected configMap", "Projected secret"];

export const combined = {
  "ConfigMap should run through a ConfigMap lifecycle": [
    "ConfigMap should run through a ConfigMap lifecycle",
    "ConfigMap should update ConfigMap successfully",
  ],
  "ResourceQuota should manage the lifecycle of a ResourceQuota": [
    "ResourceQuota should manage the lifecycle of a ResourceQuota",
    "ResourceQuota should be able to update and delete ResourceQuota.",
  ],
  "StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets": [
    "StatefulSet Basic StatefulSet functionality should list, patch and delete a collection of StatefulSets",
    "StatefulSet Basic StatefulSet functionality should validate Statefulset Status endpoints",
  ],
  "AggregatedDiscovery should support aggregated discovery interface and raw aggregated discovery endpoint Accept headers": [
    "AggregatedDiscovery should support aggregated discovery interface",
    "AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers",
  ],
  "Namespaces should apply changes to a namespace status, an update and a patch": [
    "Namespaces should apply changes to a namespace status",
    "Namespaces should apply an update to a Namespace",
    "Namespaces should patch a Namespace",
  ],
  "Namespaces should ensure that all pods and services are removed when a namespace is deleted": [
    "Namespaces should ensure that all pods are removed when a namespace is deleted",
    "Namespaces should ensure that all services are removed when a namespace is deleted",
  ],
  "DisruptionController should block an eviction until the PDB is updated to allow it (minAvailable)": [
    "DisruptionController should block an eviction until the PDB is updated to allow it",
  ],
  "ReplicaSet should get and update its scale": ["ReplicaSet Replicaset should have a working scale subresource"],
  "ReplicaSet should validate its status endpoints": ["ReplicaSet should validate Replicaset Status endpoints"],
  "ReplicationController should adopt matching pods on creation and release no longer matching pods": [
    "ReplicationController should adopt matching pods on creation",
    "ReplicationController should release no longer matching pods",
  ],
  "ReplicationController should get and update its scale": ["ReplicationController should get and update a ReplicationController scale"],
  "Kubectl client Proxy server should support proxy with --port 0 and --unix-socket=/path": [
    "Kubectl client Proxy server should support proxy with --port 0",
    "Kubectl client Proxy server should support --unix-socket=/path",
  ],
  "Events should manage the lifecycle of an event and delete a collection of events": [
    "Events should manage the lifecycle of an event",
    "Events should delete a collection of events",
  ],
  "DNS should provide DNS for the cluster, for services and partially qualified names": [
    "DNS should provide DNS for the cluster",
    "DNS should provide DNS for services",
    "DNS should resolve DNS of partial qualified names for services",
  ],
  "DNS should provide DNS for pods for Hostname and Subdomain, and /etc/hosts entries for the cluster": [
    "DNS should provide DNS for pods for Hostname",
    "DNS should provide DNS for pods for Subdomain",
    "DNS should provide /etc/hosts entries for the cluster",
  ],
  ...Object.fromEntries(
    ["intra-pod", "node-pod"].map((what) => [
      `Networking Granular Checks: Pods should function for ${what} communication: http and udp`,
      ["http", "udp"].map((protocol) => `Networking Granular Checks: Pods should function for ${what} communication: ${protocol}`),
    ]),
  ),
  "Services should serve a basic endpoint from pods; EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service": [
    "Services should serve a basic endpoint from pods",
    "EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service",
  ],
  "EndpointSlice should support a Service with multiple ports and endpoint IPs specified in multiple EndpointSlices": [
    "EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices",
    "EndpointSlice should support a Service with multiple endpoint IPs specified in multiple EndpointSlices",
  ],
  "Services should have session affinity work for, and be able to switch session affinity for ClusterIP service": [
    services("have session affinity work", clusterType),
    services("be able to switch session affinity", clusterType),
  ],
  "Services should have session affinity work for, and be able to switch session affinity for NodePort service": [
    services("have session affinity work", nodeType),
    services("be able to switch session affinity", nodeType),
  ],
  "Services should be able to change the type from ExternalName to ClusterIP and NodePort, and back": [
    "Services should be able to change the type from ExternalName to ClusterIP",
    "Services should be able to change the type from ClusterIP to ExternalName",
    "Services should be able to change the type from ExternalName to NodePort",
    "Services should be able to change the type from NodePort to ExternalName",
  ],
  "Proxy version v1: a set of valid responses are returned for both pod and service Proxy and ProxyWithPath": [
    "Proxy version v1 A set of valid responses are returned for both pod and service Proxy",
    "Proxy version v1 A set of valid responses are returned for both pod and service ProxyWithPath",
    "Proxy version v1 should proxy through a service and a pod",
  ],
  "PodTemplates should run the lifecycle of PodTemplates, replace a pod template and delete a collection of pod templates": [
    "PodTemplates should run the lifecycle of PodTemplates",
    "PodTemplates should replace a pod template",
    "PodTemplates should delete a collection of pod templates",
  ],
  "Downward API should provide host IP and hostIPs as env vars": [
    "Downward API should provide host IP as an env var",
    "Downward API should provide hostIPs as an env var",
  ],
  "Downward API should provide pod UID, name, namespace and IP address as env vars": [
    "Downward API should provide pod UID as env vars",
    "Downward API should provide pod name, namespace and IP address as env vars",
  ],
  ...Object.fromEntries(
    ["poststart", "prestop"].map((hook) => {
      const title = "Container Lifecycle Hook when create a pod with lifecycle hook should execute";
      return [`${title} ${hook} exec and http hook properly`, ["exec", "http"].map((how) => `${title} ${hook} ${how} hook properly`)];
    }),
  ),
  "Probing container should be restarted with a exec, /healthz http and GRPC liveness probe": [
    'Probing container should be restarted with a exec "cat /tmp/health" liveness probe',
    "Probing container should be restarted with a /healthz http liveness probe",
    "Probing container should be restarted with a GRPC liveness probe",
  ],
  "Probing container should *not* be restarted with a exec, /healthz http, tcp:8080 and GRPC liveness probe; never ready never restarts": [
    'Probing container should *not* be restarted with a exec "cat /tmp/health" liveness probe',
    "Probing container should *not* be restarted with a /healthz http liveness probe",
    "Probing container should *not* be restarted with a tcp:8080 liveness probe",
    "Probing container should *not* be restarted with a GRPC liveness probe",
    "Probing container with readiness probe that fails should never be ready and never restart",
  ],
  "Ephemeral Containers will start an ephemeral container in an existing pod, and update the ephemeral containers": [
    "Ephemeral Containers will start an ephemeral container in an existing pod",
    "Ephemeral Containers should update the ephemeral containers in an existing pod",
  ],
  "Pod InPlace Resize Container burstable pods - extended 6 containers - various operations performed": [
    "Pod InPlace Resize Container burstable pods - extended 6 containers - various operations performed (including adding limits and requests)",
  ],
  "SchedulerPredicates validates that NodeSelector is respected if matching and if not matching": [
    "SchedulerPredicates validates that NodeSelector is respected if matching",
    "SchedulerPredicates validates that NodeSelector is respected if not matching",
  ],
  "SchedulerPreemption validates basic preemption works and that the DisruptionTarget condition is added to the preempted pod": [
    "SchedulerPreemption validates basic preemption works",
    "SchedulerPreemption validates pod disruption condition is added to the preempted pod",
  ],
  ...Object.fromEntries(
    ["Secrets", "Projected secret"].flatMap((title) => [
      [`${title} should be consumable in multiple volumes in the same pod`, [`${title} should be consumable in multiple volumes in a pod`]],
      [
        `${title} should be consumable from pods in volume with mappings and Item mode set`,
        [`${title} should be consumable from pods in volume with mappings and Item Mode set`],
      ],
    ]),
  ),
  "Downward API volume and Projected downwardAPI should update labels and annotations on modification": [
    "Downward API volume",
    "Projected downwardAPI",
  ].flatMap((title) => ["labels", "annotations"].map((what) => `${title} should update ${what} on modification`)),
  "ConfigMap, Secrets and their projections: (optional) updates should be reflected in volume": [
    ...volumes.map((title) => `${title} optional updates should be reflected in volume`),
    ...["ConfigMap", "Projected configMap"].map((title) => `${title} updates should be reflected in volume`),
  ],
};
