import assert from "node:assert/strict";
import { test } from "node:test";
import { service, slice } from "../fixture.node.ts";
import { createZone } from "./zone.ts";

const zone = createZone(
  {
    services: [
      service("web", {
        clusterIP: "10.96.0.20",
        ports: [
          { name: "http", port: 80, protocol: "TCP" },
          { name: "dns", port: 53, protocol: "UDP" },
        ],
      }),
      service("db", { clusterIP: "None", ports: [{ port: 5432, protocol: "TCP" }] }),
      service("site", { type: "ExternalName", externalName: "www.example.org" }),
      service("alias", { type: "ExternalName", externalName: "web.default.svc.cluster.local" }),
      service("loop", { type: "ExternalName", externalName: "loop.default.svc.cluster.local" }),
      service("nobody", { clusterIP: "None" }),
    ],
    slices: [
      slice("web", 8080, ["10.244.0.9"]),
      {
        ...slice("db", 5432, [
          { addresses: ["10.244.0.2"], hostname: "db-0", conditions: { ready: true } },
          { addresses: ["10.244.0.3"], conditions: { ready: true } },
          { addresses: ["10.244.0.4"], hostname: "db-2", conditions: { ready: false } },
        ]),
        ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
      },
    ],
  },
  { domain: "cluster.local", ranges: ["10.96.0.0/16", "10.244.0.0/16"] },
);

/** `rcode`, then each answer as `TYPE data`. */
function ask(name: string, type: string): string {
  const answer = zone.answer(name, type);
  if (!answer) return "elsewhere";
  const records = answer.answers.map((record) =>
    record.type === "SRV"
      ? `SRV ${record.data.port} ${record.data.target}`
      : `${record.type} ${typeof record.data === "string" ? record.data : ""}`.trim(),
  );
  const outside = answer.outside === undefined ? [] : [`-> ${answer.outside}`];
  if (answer.rcode === "NXDOMAIN" || records.length === 0) assert.equal(answer.authorities[0]?.type, "SOA");
  return [answer.rcode, ...records.sort(), ...outside].join(", ");
}

const db = "db.default.svc.cluster.local";
const web = "web.default.svc.cluster.local";
const rows: readonly [name: string, type: string, wanted: string][] = [
  [web, "A", "NOERROR, A 10.96.0.20"],
  ["WEB.Default.svc.cluster.local", "A", "NOERROR, A 10.96.0.20"],
  [web, "AAAA", "NOERROR"],
  [web, "UNKNOWN_65", "NOERROR"],
  [`_http._tcp.${web}`, "SRV", `NOERROR, SRV 80 ${web}`],
  [`_dns._udp.${web}`, "SRV", `NOERROR, SRV 53 ${web}`],
  [`_dns._tcp.${web}`, "SRV", "NXDOMAIN"],
  [`10-244-0-9.${web}`, "A", "NOERROR, A 10.244.0.9"],
  [db, "A", "NOERROR, A 10.244.0.2, A 10.244.0.3"],
  [`db-0.${db}`, "A", "NOERROR, A 10.244.0.2"],
  [`10-244-0-3.${db}`, "A", "NOERROR, A 10.244.0.3"],
  [`db-2.${db}`, "A", "NXDOMAIN"],
  [`_sql._tcp.${db}`, "SRV", `NOERROR, SRV 5432 10-244-0-3.${db}, SRV 5432 db-0.${db}`],
  ["nobody.default.svc.cluster.local", "A", "NOERROR"],
  ["missing.default.svc.cluster.local", "A", "NXDOMAIN"],
  ["missing.default.svc.cluster.local", "AAAA", "NXDOMAIN"],
  ["www.example.org.default.svc.cluster.local", "A", "NXDOMAIN"],
  ["default.svc.cluster.local", "A", "NOERROR"],
  ["site.default.svc.cluster.local", "A", "NOERROR, CNAME www.example.org, -> www.example.org"],
  ["site.default.svc.cluster.local", "CNAME", "NOERROR, CNAME www.example.org"],
  ["alias.default.svc.cluster.local", "A", `NOERROR, A 10.96.0.20, CNAME ${web}`],
  ["10-244-0-7.default.pod.cluster.local", "A", "NOERROR, A 10.244.0.7"],
  ["10-244-0-777.default.pod.cluster.local", "A", "NXDOMAIN"],
  ["20.0.96.10.in-addr.arpa", "PTR", `NOERROR, PTR ${web}`],
  ["2.0.244.10.in-addr.arpa", "PTR", `NOERROR, PTR db-0.${db}`],
  ["99.0.244.10.in-addr.arpa", "PTR", "NXDOMAIN"],
  ["1.1.1.1.in-addr.arpa", "PTR", "elsewhere"],
  ["example.org", "A", "elsewhere"],
  ["notcluster.local", "A", "elsewhere"],
  ["cluster.local", "SOA", "NOERROR, SOA"],
  ["cluster.local", "NS", "NOERROR, NS ns.dns.cluster.local"],
];
for (const [name, type, wanted] of rows) test(`SVC-11: ${type} of ${name}`, () => assert.equal(ask(name, type), wanted));

test("an alias of itself comes to an end", () => assert.match(ask("loop.default.svc.cluster.local", "A"), /^NOERROR/));

test("addresses take turns at being the first", () => {
  const firsts = new Set([1, 2, 3, 4].map(() => zone.answer(db, "A")?.answers[0]?.data));
  assert.equal(firsts.size, 2);
});
