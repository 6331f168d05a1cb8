import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answer, decode, encode, type Packet } from "dns-packet";
import { compressNames } from "./compress-names.ts";

const name = "crowd.default.svc.cluster.local";
const addresses = (count: number): Answer[] =>
  Array.from({ length: count }, (_, index) => ({ name, type: "A", ttl: 5, data: `10.0.0.${index}` }));
const message = (more: Packet): Packet => ({ id: 7, type: "response", flags: 0, questions: [{ name, type: "A", class: "IN" }], ...more });

test("a repeated owner costs two bytes, and everything reads as before", () => {
  const packet = message({ answers: addresses(20) });
  const whole = encode(packet);
  const small = compressNames(whole);
  assert.equal(small.length, 12 + name.length + 2 + 4 + 20 * 16);
  assert.deepEqual(decode(Buffer.from(small)).answers, decode(whole).answers);
});

test("an alias, its target's records and an extension of the client's stay what they are", () => {
  const packet = message({
    answers: [
      { name, type: "CNAME", ttl: 5, data: "web.default.svc.cluster.local" },
      { name: "web.default.svc.cluster.local", type: "A", ttl: 5, data: "10.96.0.1" },
      { name: "web.default.svc.cluster.local", type: "A", ttl: 5, data: "10.96.0.2" },
    ],
    additionals: [
      { type: "OPT", name: ".", udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
    ],
  });
  const whole = encode(packet);
  const { answers, additionals } = decode(Buffer.from(compressNames(whole)));
  assert.deepEqual(answers, decode(whole).answers);
  assert.deepEqual(additionals, decode(whole).additionals);
});

test("a message without records is left alone", () => {
  const whole = encode(message({}));
  assert.deepEqual(Buffer.from(compressNames(whole)), whole);
});
