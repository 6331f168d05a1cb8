import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpScan } from "./http-scan.ts";

const bytes = (text: string) => new TextEncoder().encode(text.replaceAll("\n", "\r\n"));
const get = "GET / HTTP/1.1\nhost: a\n\n";
const post = "POST / HTTP/1.1\ncontent-length: 5\n\nhello";

const responses: readonly {
  readonly name: string;
  readonly request: string;
  readonly response: string;
  readonly closes?: boolean;
  readonly opaque?: boolean;
}[] = [
  { name: "a length", request: get, response: "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello" },
  { name: "no body at all", request: get, response: "HTTP/1.1 200 OK\ncontent-length: 0\n\n" },
  {
    name: "chunks with a trailer",
    request: get,
    response: "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n5;a=b\nhello\n10\n0123456789abcdef\n0\nx: y\n\n",
  },
  { name: "a HEAD request's length is of no body", request: "HEAD / HTTP/1.1\n\n", response: "HTTP/1.1 200 OK\ncontent-length: 5\n\n" },
  { name: "204 has no body", request: post, response: "HTTP/1.1 204 No Content\n\n" },
  { name: "304 has no body whatever its length", request: get, response: "HTTP/1.1 304 Not Modified\ncontent-length: 7\n\n" },
  {
    name: "hints before the answer",
    request: get,
    response: "HTTP/1.1 103 Early Hints\nlink: a\n\nHTTP/1.1 200 OK\ncontent-length: 1\n\n!",
  },
  { name: "the server's last", request: get, response: "HTTP/1.1 200 OK\nConnection: close\ncontent-length: 1\n\n!", closes: true },
  { name: "HTTP/1.0", request: "GET / HTTP/1.0\n\n", response: "HTTP/1.0 200 OK\ncontent-length: 1\n\n!", closes: true },
  {
    name: "HTTP/1.0 kept alive",
    request: "GET / HTTP/1.0\nconnection: keep-alive\n\n",
    response: "HTTP/1.0 200 OK\nConnection: keep-alive\ncontent-length: 1\n\n!",
  },
  {
    name: "two pipelined",
    request: get + post,
    response: "HTTP/1.1 200 OK\ncontent-length: 1\n\n!HTTP/1.1 200 OK\ncontent-length: 1\n\n!",
  },
  { name: "an upgrade", request: get, response: "HTTP/1.1 101 Switching Protocols\nupgrade: websocket\n\n", opaque: true },
  { name: "a tunnel", request: "CONNECT a:1 HTTP/1.1\n\n", response: "HTTP/1.1 200 OK\n\n", opaque: true },
];

for (const { name, request, response, closes = false, opaque = false } of responses) {
  test(`an exchange is over exactly with its last byte, however it is cut: ${name}`, () => {
    for (const size of [1, 2, 3, 7, 1000]) {
      const scan = new HttpScan();
      const feed = (text: string, push: (part: Uint8Array) => void) => {
        const all = bytes(text);
        for (let at = 0; at < all.length; at += size) {
          push(all.subarray(at, at + size));
          assert.equal(scan.idle, !opaque && push === answer && at + size >= all.length, `after ${at + size} bytes in pieces of ${size}`);
        }
      };
      const answer = (part: Uint8Array) => scan.response(part);
      feed(request, (part) => scan.request(part));
      feed(response, answer);
      assert.deepEqual({ closes: scan.closes, opaque: scan.opaque }, { closes, opaque });
    }
  });
}

test("a response without a length ends with the connection", () => {
  const scan = new HttpScan();
  scan.request(bytes(get));
  scan.response(bytes("HTTP/1.1 200 OK\n\nsome"));
  scan.response(bytes("HTTP/1.1 200 OK\n\nmore"));
  assert.equal(scan.idle, false);
  scan.responseEnd();
  assert.deepEqual([scan.idle, scan.closes], [true, true]);
});

for (const [name, text] of [
  ["TLS", "\u0016\u0003\u0001"],
  ["a Redis command", "*1\n$4\nPING\n"],
  ["HTTP/2", "PRI * HTTP/2.0\n\nSM\n\n"],
  ["a line of letters", "HELLO world\n"],
] as const) {
  test(`other protocols are opaque: ${name}`, () => {
    const scan = new HttpScan();
    scan.request(bytes(text));
    assert.deepEqual([scan.opaque, scan.idle, scan.canRepeat], [true, false, false]);
  });
}

test("a server that speaks first is opaque", () => {
  const scan = new HttpScan();
  scan.response(bytes("220 mail\n"));
  assert.equal(scan.opaque, true);
});

test("only one request that may be sent twice is ever repeated", () => {
  const canRepeat = (...requests: string[]) => {
    const scan = new HttpScan();
    for (const request of requests) scan.request(bytes(request));
    return scan.canRepeat;
  };
  assert.deepEqual([canRepeat(get), canRepeat(post), canRepeat(get, get), canRepeat("DELETE /x HTTP/1.1\n\n")], [true, false, false, true]);
});
