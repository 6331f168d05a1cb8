import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { eventually } from "../http/test-client.node.ts";
import { spdyConnection } from "./spdy.node.ts";

/** Two ends of a wire: what one writes the other reads. */
function wire(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read() {},
        write(bytes, _encoding, done) {
          ends[other]?.push(bytes);
          done();
        },
        final(done) {
          ends[other]?.push(null);
          done();
        },
      }),
    );
  }
  return ends as [Duplex, Duplex];
}

const control = (type: number, flags: number, payload: readonly number[]): Buffer =>
  Buffer.from([0x80, 3, 0, type, flags, 0, 0, payload.length, ...payload]);

test("a ping comes back as it was sent", async () => {
  const [client, server] = wire();
  const received: Buffer[] = [];
  client.on("data", (bytes: Buffer) => received.push(bytes));
  spdyConnection(server, new Uint8Array(0), () => assert.fail("nothing was opened"));
  client.write(control(6, 0, [0, 0, 0, 7]));
  await eventually("the answer", () => Buffer.concat(received).equals(control(6, 0, [0, 0, 0, 7])));
});

for (const [what, bytes] of [
  ["a frame of another version", Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1])],
  ["a frame too long", Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff])],
  ["a header block that is no zlib", control(1, 0, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7])],
  ["a stream opened with a short frame", control(1, 0, [0, 0, 0, 1])],
] as const) {
  test(`${what} ends the connection`, async () => {
    const [client, server] = wire();
    const connection = spdyConnection(server, new Uint8Array(0), () => {});
    let closed = false;
    connection.onClose(() => {
      closed = true;
    });
    client.write(bytes);
    await eventually("it is closed", () => closed && server.destroyed);
  });
}

test("what came with the upgrade request counts", async () => {
  const [client, server] = wire();
  const received: Buffer[] = [];
  client.on("data", (bytes: Buffer) => received.push(bytes));
  spdyConnection(server, control(6, 0, [0, 0, 0, 9]), () => {});
  await eventually("the answer", () => Buffer.concat(received).equals(control(6, 0, [0, 0, 0, 9])));
});
