/**
 * A Pod template and its parts in the form of `describe` (KR-11, KR-53), cells ended by tabs: `rollout history --revision` and
 * `rollout undo --dry-run` leave them as they are, `describe` aligns them.
 */
import type { Container, EnvFromSource, EnvVar, PodTemplateSpec, Probe, Toleration, Volume } from "../../api/types.ts";
import type { Revision } from "../../release/workload.ts";

const hashLabel = "pod-template-hash";
/** What a Pod knows of its container, as lines. */
export interface ContainerFacts {
  readonly identity: readonly string[];
  readonly imageId: readonly string[];
  readonly state: readonly string[];
}

const annotationMaxChars = 140;
const hiddenAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

/** Lines, each with its line break; the first is `Pod Template:`. */
export function describePodTemplate({ metadata, spec }: PodTemplateSpec): string {
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) => key !== hiddenAnnotation);
  const init = spec?.initContainers ?? [];
  const lines = [
    "Pod Template:",
    ...listed("  Labels", pairs(metadata?.labels)),
    ...(annotations.length > 0 ? listed("  Annotations", annotations.sort(byKey).map(annotation)) : []),
    ...(spec?.serviceAccountName ? [`  Service Account:\t${spec.serviceAccountName}`] : []),
    ...(init.length > 0 ? ["  Init Containers:", ...init.flatMap((each) => containerLines(each))] : []),
    ...((spec?.containers ?? []).length > 0
      ? ["  Containers:", ...(spec?.containers ?? []).flatMap((each) => containerLines(each))]
      : ["  Containers: <none>"]),
    ...((spec?.volumes ?? []).length > 0
      ? ["  Volumes:", ...(spec?.volumes ?? []).flatMap((each) => volumeLines(each))]
      : ["  Volumes:\t<none>"]),
    ...(spec?.priorityClassName ? [`  Priority Class Name:\t${spec.priorityClassName}`] : []),
    ...listed("  Node-Selectors", pairs(spec?.nodeSelector)),
    ...listed("  Tolerations", (spec?.tolerations ?? []).toSorted((a, b) => byKey([a.key ?? "", ""], [b.key ?? "", ""])).map(toleration)),
  ];
  return `${lines.join("\n")}\n`;
}

/** By the first of each pair. */
const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);

/** `key=value`, sorted. */
export const pairs = (map: Readonly<Record<string, string>> | undefined): string[] =>
  Object.entries(map ?? {})
    .sort(byKey)
    .map(([key, value]) => `${key}=${value}`);

/** The first entry on the line of the title, the others below it. */
export const listed = (title: string, entries: readonly string[]): string[] =>
  entries.length === 0 ? [`${title}:\t<none>`] : entries.map((entry, index) => (index === 0 ? `${title}:\t${entry}` : `\t${entry}`));

/** `key: value`, a long or many-lined value below its key. */
export function annotation([key, value]: readonly [string, string]): string {
  const trimmed = value.replace(/\n+$/, "");
  if (key.length + trimmed.length + 2 <= annotationMaxChars && !trimmed.includes("\n")) return `${key}: ${trimmed}`;
  const short = (line: string): string => (line.length > annotationMaxChars - 2 ? `${line.slice(0, annotationMaxChars - 2)}...` : line);
  return `${key}:\n${trimmed
    .split("\n")
    .map((line) => `\t  ${short(line)}`)
    .join("\n")}`;
}

/** Lines of one container. `beside`: what a Pod knows of it, by place. */
export function containerLines(
  described: Container,
  { indent = 3, beside }: { readonly indent?: number; readonly beside?: ContainerFacts } = {},
): string[] {
  const {
    name,
    image = "",
    ports = [],
    command = [],
    args = [],
    resources,
    env = [],
    envFrom = [],
    volumeMounts = [],
    volumeDevices = [],
  } = described;
  const seccomp = described.securityContext?.seccompProfile;
  const port = ports.map(
    ({ containerPort, protocol = "TCP", name: portName }) => `${containerPort}/${protocol}${portName ? ` (${portName})` : ""}`,
  );
  const hostPort = ports.map(
    ({ hostPort: number = 0, protocol = "TCP", name: portName }) => `${number}/${protocol}${portName ? ` (${portName})` : ""}`,
  );
  return [
    `${" ".repeat(indent)}${name}:`,
    ...(beside?.identity ?? []),
    `    Image:\t${image}`,
    ...(beside?.imageId ?? []),
    `    Port${port.length > 1 ? "s" : ""}:\t${port.join(", ") || "<none>"}`,
    `    Host Port${hostPort.length > 1 ? "s" : ""}:\t${hostPort.join(", ") || "<none>"}`,
    ...(seccomp
      ? [
          `    SeccompProfile:\t${seccomp.type}`,
          ...(seccomp.localhostProfile ? [`      LocalhostProfile:\t${seccomp.localhostProfile}`] : []),
        ]
      : []),
    ...words("Command", command),
    ...words("Args", args),
    ...(beside?.state ?? []),
    ...amounts("Limits", resources?.limits),
    ...amounts("Requests", resources?.requests),
    ...probe("Liveness", described.livenessProbe),
    ...probe("Readiness", described.readinessProbe),
    ...probe("Startup", described.startupProbe),
    ...(envFrom.length > 0 ? ["    Environment Variables from:", ...envFrom.map(variablesFrom)] : []),
    ...(env.length > 0 ? ["    Environment:", ...env.flatMap(variable)] : ["    Environment:\t<none>"]),
    ...(volumeMounts.length > 0 ? ["    Mounts:"] : ["    Mounts:\t<none>"]),
    ...volumeMounts
      .toSorted((a, b) => byKey([a.mountPath, ""], [b.mountPath, ""]))
      .map(
        ({ mountPath, name: from, readOnly, subPath }) =>
          `      ${mountPath} from ${from} (${readOnly ? "ro" : "rw"}${subPath ? `,path="${subPath}"` : ""})`,
      ),
    ...(volumeDevices.length > 0
      ? ["    Devices:", ...volumeDevices.map(({ devicePath, name: from }) => `      ${devicePath} from ${from}`)]
      : []),
  ];
}

const words = (title: string, list: readonly string[]): string[] =>
  list.length === 0 ? [] : [`    ${title}:`, ...list.flatMap((word) => word.split("\n").map((line) => `      ${line}`))];

const amounts = (title: string, map: Readonly<Record<string, unknown>> | undefined): string[] => {
  const names = Object.keys(map ?? {}).sort();
  return names.length === 0 ? [] : [`    ${title}:`, ...names.map((name) => `      ${name}:\t${String(map?.[name])}`)];
};

function probe(title: string, described: Probe | undefined): string[] {
  if (!described) return [];
  const {
    initialDelaySeconds = 0,
    timeoutSeconds = 0,
    periodSeconds = 0,
    successThreshold = 0,
    failureThreshold = 0,
    exec,
    httpGet,
    tcpSocket,
    grpc,
  } = described;
  const timing = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s #success=${successThreshold} #failure=${failureThreshold}`;
  const http =
    httpGet && `http-get ${(httpGet.scheme ?? "HTTP").toLowerCase()}://${httpGet.host ?? ""}:${httpGet.port}${pathOf(httpGet.path)}`;
  const what = exec
    ? `exec [${(exec.command ?? []).join(" ")}]`
    : (http ??
      (tcpSocket
        ? `tcp-socket ${tcpSocket.host ?? ""}:${tcpSocket.port}`
        : grpc
          ? `grpc <pod>:${grpc.port} ${grpc.service ?? ""}`
          : "unknown"));
  return [`    ${title}:\t${what} ${timing}`];
}

const pathOf = (path = ""): string => (path === "" || path.startsWith("/") ? path : `/${path}`);

function variablesFrom({ configMapRef, secretRef, prefix }: EnvFromSource): string {
  const source = configMapRef ?? secretRef;
  const kind = configMapRef ? "ConfigMap" : "Secret";
  return `      ${source?.name ?? ""}\t${kind}${prefix ? ` with prefix '${prefix}'` : ""}\tOptional: ${source?.optional === true}`;
}

function variable({ name, value = "", valueFrom }: EnvVar): string[] {
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = valueFrom ?? {};
  if (fieldRef) return [`      ${name}:\t (${fieldRef.apiVersion ?? "v1"}:${fieldRef.fieldPath})`];
  if (resourceFieldRef) return [`      ${name}:\t (${resourceFieldRef.resource})`];
  if (secretKeyRef)
    return [
      `      ${name}:\t<set to the key '${secretKeyRef.key}' in secret '${secretKeyRef.name}'>\tOptional: ${secretKeyRef.optional === true}`,
    ];
  if (configMapKeyRef)
    return [
      `      ${name}:\t<set to the key '${configMapKeyRef.key}' of config map '${configMapKeyRef.name}'>\tOptional: ${configMapKeyRef.optional === true}`,
    ];
  return value.split("\n").map((line, index) => (index === 0 ? `      ${name}:\t${line}` : `      \t${line}`));
}

/** Lines of one volume: its type, then its fields. */
export function volumeLines(
  { name, hostPath, emptyDir, secret, configMap, persistentVolumeClaim, projected, downwardAPI, nfs, csi, ephemeral }: Volume,
  { indent = 3 }: { readonly indent?: number } = {},
): string[] {
  const fields = (type: string, ...entries: readonly [string, unknown][]): string[] => [
    `${" ".repeat(indent)}${name}:`,
    `    Type:\t${type}`,
    ...entries.map(([field, value]) => `    ${field}:\t${String(value)}`),
  ];
  if (hostPath)
    return fields("HostPath (bare host directory volume)", ["Path", hostPath.path], ["HostPathType", hostPath.type ?? "<none>"]);
  if (emptyDir)
    return fields(
      "EmptyDir (a temporary directory that shares a pod's lifetime)",
      ["Medium", emptyDir.medium ?? ""],
      ["SizeLimit", emptyDir.sizeLimit ?? "<unset>"],
    );
  if (secret)
    return fields(
      "Secret (a volume populated by a Secret)",
      ["SecretName", secret.secretName ?? ""],
      ["Optional", secret.optional === true],
    );
  if (configMap)
    return fields(
      "ConfigMap (a volume populated by a ConfigMap)",
      ["Name", configMap.name ?? ""],
      ["Optional", configMap.optional === true],
    );
  if (persistentVolumeClaim)
    return fields(
      "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
      ["ClaimName", persistentVolumeClaim.claimName],
      ["ReadOnly", persistentVolumeClaim.readOnly === true],
    );
  if (nfs)
    return fields(
      "NFS (an NFS mount that lasts the lifetime of a pod)",
      ["Server", nfs.server],
      ["Path", nfs.path],
      ["ReadOnly", nfs.readOnly === true],
    );
  if (csi)
    return fields("CSI (a Container Storage Interface (CSI) volume source)", ["Driver", csi.driver], ["ReadOnly", csi.readOnly ?? false]);
  if (ephemeral) return fields("EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)");
  if (downwardAPI)
    return [
      ...fields("DownwardAPI (a volume populated by information about the pod)"),
      "    Items:",
      ...(downwardAPI.items ?? []).map(
        ({ path, fieldRef, resourceFieldRef }) => `      ${fieldRef?.fieldPath ?? resourceFieldRef?.resource ?? ""} -> ${path}`,
      ),
    ];
  if (projected)
    return fields(
      "Projected (a volume that contains injected data from multiple sources)",
      ...(projected.sources ?? []).flatMap(
        ({ secret: part, configMap: map, downwardAPI: down, serviceAccountToken: token }): [string, unknown][] => [
          ...(part
            ? ([
                ["SecretName", part.name ?? ""],
                ["Optional", part.optional === true],
              ] as [string, unknown][])
            : []),
          ...(down ? ([["DownwardAPI", true]] as [string, unknown][]) : []),
          ...(map
            ? ([
                ["ConfigMapName", map.name ?? ""],
                ["Optional", map.optional === true],
              ] as [string, unknown][])
            : []),
          ...(token ? ([["TokenExpirationSeconds", token.expirationSeconds ?? 3600]] as [string, unknown][]) : []),
        ],
      ),
    );
  return [`${" ".repeat(indent)}${name}:`, "    <unknown>"];
}

/** One toleration on a line. */
export function toleration({ key = "", operator, value = "", effect = "", tolerationSeconds }: Toleration): string {
  const head = `${key}${value ? `=${value}` : ""}${effect ? `:${effect}` : ""}`;
  const exists = operator === "Exists" && value === "" ? (head === "" ? "op=Exists" : " op=Exists") : "";
  return `${head}${exists}${tolerationSeconds === undefined ? "" : ` for ${tolerationSeconds}s`}`;
}

/** The template of a revision as kubectl shows it: with the label that its controller added. */
export function revisionTemplate({ object, template }: Revision): PodTemplateSpec {
  const hash = object.metadata.labels?.[hashLabel];
  if (hash === undefined) return template;
  return { ...template, metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [hashLabel]: hash } } };
}
