import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Pod } from "../../api/types.ts";
import { parsePorts } from "./ports.ts";

const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-0" },
  spec: { containers: [{ name: "web", image: "x", ports: [{ name: "http", containerPort: 8080 }] }] },
} as Pod;
const service = (clusterIP: string): AnyObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: {
    clusterIP,
    ports: [
      { name: "main", port: 80, targetPort: "http" },
      { port: 9000, targetPort: 9001 },
      { name: "plain", port: 7000 },
    ],
  },
});

test("a pair of ports is LOCAL:REMOTE, with names, and through a Service", () => {
  const table: [word: string, object: AnyObject, local: number, remote: number][] = [
    ["8080", pod as AnyObject, 8080, 8080],
    ["5000:8080", pod as AnyObject, 5000, 8080],
    [":8080", pod as AnyObject, 0, 8080],
    ["0:8080", pod as AnyObject, 0, 8080],
    ["http", pod as AnyObject, 8080, 8080],
    ["5000:http", pod as AnyObject, 5000, 8080],
    ["80", service("10.0.0.1"), 80, 8080],
    ["main", service("10.0.0.1"), 80, 8080],
    ["5000:main", service("10.0.0.1"), 5000, 8080],
    ["9000", service("10.0.0.1"), 9000, 9001],
    ["7000", service("10.0.0.1"), 7000, 7000],
    ["80", service("None"), 80, 80],
  ];
  for (const [word, object, local, remote] of table) assert.deepEqual(parsePorts([word], object, pod), [{ local, remote }], word);
});

test("what is no port, or none of the Pod's or Service's, is refused", () => {
  const table: [word: string, object: AnyObject, problem: RegExp][] = [
    ["x:8080", pod as AnyObject, /error parsing local port "x"/],
    ["nope", pod as AnyObject, /Pod 'web-0' does not have a named port 'nope'/],
    ["0", pod as AnyObject, /remote port must be > 0/],
    ["99999", pod as AnyObject, /error parsing local port '99999'.*value out of range/],
    ["80:99999", pod as AnyObject, /error parsing remote port '99999'.*value out of range/],
    ["81", service("10.0.0.1"), /Service web does not have a service port 81/],
  ];
  for (const [word, object, problem] of table) assert.throws(() => parsePorts([word], object, pod), problem, word);
});
