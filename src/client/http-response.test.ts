import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HttpFormatError, responseReader } from "./http-response.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** What a reader makes of a text that comes in pieces of these lengths, the last one over and over. */
function read(text: string, lengths: readonly number[] = [text.length], options: { hasBody?: boolean } = {}) {
  const reader = responseReader(options);
  const all = bytes(text);
  let isWhole = false;
  for (let at = 0, n = 0; at < all.length && !isWhole; n++) {
    const length = Math.max(1, lengths[Math.min(n, lengths.length - 1)] ?? 1);
    isWhole = reader.push(all.subarray(at, at + length));
    at += length;
  }
  isWhole ||= reader.end();
  return { isWhole, ...reader.head, body: Buffer.from(reader.body()).toString("latin1"), isReusable: reader.isReusable };
}

const answers: readonly { readonly name: string; readonly text: string; readonly body: string; readonly isReusable: boolean }[] = [
  { name: "a body of a length", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello", isReusable: true },
  { name: "no body", text: "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", body: "", isReusable: true },
  { name: "an empty body", text: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", body: "", isReusable: true },
  {
    name: "chunks, with an extension and trailers",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n, world.\r\n\r\n0\r\nx-trailer: 1\r\n\r\n",
    body: "hello, world.\r\n",
    isReusable: true,
  },
  { name: "a body that ends with the connection", text: "HTTP/1.1 200 OK\r\n\r\nall of it", body: "all of it", isReusable: false },
  {
    name: "a server that closes",
    text: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
    body: "x",
    isReusable: false,
  },
  { name: "a server of HTTP/1.0", text: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", body: "x", isReusable: false },
  {
    name: "an interim answer first",
    text: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    body: "ok",
    isReusable: true,
  },
];

for (const { name, text, body, isReusable } of answers) {
  test(`an answer is the same however it is cut: ${name}`, () => {
    const whole = read(text);
    assert.deepEqual([whole.isWhole, whole.body, whole.isReusable], [true, body, isReusable]);
    for (let cut = 1; cut < text.length; cut++) assert.deepEqual(read(text, [cut, text.length]), whole, `cut at ${cut}`);
    assert.deepEqual(read(text, [1]), whole, "byte by byte");
  });
}

test("an answer that breaks off is not whole", () => {
  for (const text of [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "HTTP/1.1 200 OK\r\n",
  ])
    assert.equal(read(text).isWhole, false, text);
});

test("an answer to HEAD says a length and has no body", () => {
  const { isWhole, isReusable } = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", [1], { hasBody: false });
  assert.deepEqual([isWhole, isReusable], [true, true]);
});

test("headers are told apart from case, and those given twice are joined", () => {
  const { status, reason, headers } = read(
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After:  1 \r\nWarning: a\r\nwarning: b\r\ncontent-length: 0\r\n\r\n",
  );
  assert.deepEqual([status, reason, headers?.["retry-after"], headers?.["warning"]], [429, "Too Many Requests", "1", "a, b"]);
});

test("a connection with bytes that nobody asked for is not used again", () => {
  assert.equal(read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n").isReusable, false);
});

test("what is not HTTP, or has no end, is refused", () => {
  const texts = [
    "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n",
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${"x".repeat(2000)}`,
    `HTTP/1.1 200 OK\r\nx: ${"x".repeat(70_000)}`,
  ];
  for (const text of texts) assert.throws(() => read(text, [700, text.length]), HttpFormatError, text.slice(0, 60));
});

test("any bytes are an answer or politely none", () => {
  const piece = fc.constantFrom(
    "HTTP/1.1 200 OK",
    "\r\n",
    "\r",
    "\n",
    ":",
    "content-length: 3",
    "transfer-encoding: chunked",
    "3",
    "0",
    "abc",
    "\0",
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 9 }), (pieces, length) => {
      try {
        read(`HTTP/1.1 200 OK\r\n${pieces.join("")}`, [length]);
      } catch (error) {
        assert.ok(error instanceof HttpFormatError, String((error as Error).stack));
      }
    }),
    { numRuns: 500 },
  );
});
