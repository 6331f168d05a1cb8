/** `create ingress`: which host and path leads to which Service. */
import { CommandError } from "../errors.ts";
import type { Generator } from "./generator.ts";

const rulePattern =
  /^(?<host>[\w*.-]*)(?<path>\/[^=]*)=(?<service>[a-z0-9]([a-z0-9-]*[a-z0-9])?):(?<port>[\w-]+)(?<tls>,tls(=(?<secret>[\w.-]+))?)?$/;

export const ingress: Generator = {
  kind: { group: "networking.k8s.io", version: "v1", kind: "Ingress", plural: "ingresses", scope: "Namespaced" },
  usage: "NAME --rule=HOST/PATH=SERVICE:PORT[,tls[=SECRET]] [flags]",
  about: "Makes an Ingress: which host and path leads to which Service.",
  examples: "windlass create ingress web --class=default --rule='example.com/*=web:80,tls=cert'",
  flags: [
    { name: "class", type: "string", about: "the class of controller that serves it" },
    { name: "rule", type: "array", about: "HOST/PATH=SERVICE:PORT[,tls[=SECRET]]; a path that ends with * stands for all below it" },
    { name: "default-backend", type: "string", about: "SERVICE:PORT for what no rule is about" },
    { name: "annotation", type: "array", about: "an annotation, as KEY=VALUE; may be given several times" },
  ],
  generate({ name, flags }) {
    const rules = flags.list("rule").map(parsedRule);
    const fallback = flags.string("default-backend");
    if (rules.length === 0 && fallback === "")
      throw new CommandError(
        "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
      );
    const annotations = Object.fromEntries(flags.list("annotation").map(annotation));
    const className = flags.string("class");
    const secrets = new Map<string, string[]>();
    for (const { host, secret } of rules) {
      if (secret === undefined) continue;
      const hosts = secrets.get(secret) ?? [];
      if (host !== "" && !hosts.includes(host)) hosts.push(host);
      secrets.set(secret, hosts);
    }
    const hosts = [...new Set(rules.map(({ host }) => host))];
    return {
      metadata: { name, ...(Object.keys(annotations).length > 0 && { annotations }) },
      spec: {
        ...(className !== "" && { ingressClassName: className }),
        ...(fallback !== "" && { defaultBackend: backend(fallback) }),
        ...(secrets.size > 0 && {
          tls: [...secrets].map(([secretName, of]) => ({ ...(of.length > 0 && { hosts: of }), ...(secretName !== "" && { secretName }) })),
        }),
        ...(rules.length > 0 && {
          rules: hosts.map((host) => ({
            ...(host !== "" && { host }),
            http: { paths: rules.filter((rule) => rule.host === host).map((rule) => rule.path) },
          })),
        }),
      },
      status: { loadBalancer: {} },
    };
  },
};

interface Rule {
  readonly host: string;
  readonly path: object;
  /** "" for TLS without a Secret of its own; undefined for no TLS. */
  readonly secret: string | undefined;
}

function parsedRule(text: string): Rule {
  const parts = rulePattern.exec(text)?.groups;
  if (!parts) throw new CommandError(`rule ${text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
  const { host = "", path = "", service, port, tls, secret } = parts;
  const isPrefix = path.endsWith("*");
  return {
    host,
    path: {
      path: isPrefix ? path.slice(0, -1) : path,
      pathType: isPrefix ? "Prefix" : "Exact",
      backend: backend(`${service}:${port}`),
    },
    secret: tls === undefined ? undefined : (secret ?? ""),
  };
}

function backend(text: string): object {
  const [name = "", port = "", ...more] = text.split(":");
  if (name === "" || port === "" || more.length > 0) throw new CommandError("default-backend should be in format servicename:serviceport");
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}

function annotation(text: string): [string, string] {
  const [key = "", value, ...more] = text.split("=");
  if (key === "" || value === undefined || more.length > 0)
    throw new CommandError(`annotation ${text} is invalid and should be in format key=[value]`);
  return [key, value];
}
