import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { hexText, hmacSha256, sha256 } from "./sha256.ts";

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);

test("digests of every length around the block boundaries are those of the platform", () => {
  for (const length of [...Array.from({ length: 140 }, (_, i) => i), 1000, 65_537]) {
    const bytes = bytesOf(length);
    assert.equal(hexText(sha256(bytes)), createHash("sha256").update(bytes).digest("hex"), `${length} bytes`);
  }
});

test("keyed digests are those of the platform, with keys shorter and longer than a block", () => {
  for (const keyLength of [0, 1, 32, 63, 64, 65, 200]) {
    const [key, message] = [bytesOf(keyLength), bytesOf(77)];
    assert.equal(hexText(hmacSha256(key, message)), createHmac("sha256", key).update(message).digest("hex"), `key of ${keyLength} bytes`);
  }
});
