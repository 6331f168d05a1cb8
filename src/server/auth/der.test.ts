import assert from "node:assert/strict";
import { test } from "node:test";
import { integer, objectIdentifier, octetString, time } from "./der.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("identifiers take seven bits a byte (RFC 3279 and 5758 give these)", () => {
  assert.equal(hex(objectIdentifier("1.2.840.10045.4.3.2")), "06082a8648ce3d040302");
  assert.equal(hex(objectIdentifier("2.5.29.19")), "0603551d13");
});

test("lengths above 127 say first how many bytes they take", () => {
  assert.equal(hex(octetString(new Uint8Array(127))).slice(0, 4), "047f");
  assert.equal(hex(octetString(new Uint8Array(128))).slice(0, 6), "048180");
  assert.equal(hex(octetString(new Uint8Array(300))).slice(0, 8), "0482012c");
});

test("integers stay positive", () => {
  assert.equal(hex(integer(new Uint8Array([0x80]))), "02020080");
  assert.equal(hex(integer(new Uint8Array([0x7f]))), "02017f");
});

test("times have two digits for the year until 2049", () => {
  assert.equal(hex(time("2049-12-31T23:59:59Z")), `170d${Buffer.from("491231235959Z").toString("hex")}`);
  assert.equal(hex(time("2050-01-01T00:00:00Z")), `180f${Buffer.from("20500101000000Z").toString("hex")}`);
});
