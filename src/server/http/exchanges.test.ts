import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp1Server, request as http1Request } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Exchange } from "./exchange.ts";
import { type Connection, http1Exchange, http2Exchange } from "./exchanges.node.ts";

interface Received {
  readonly encoding: string | undefined;
  readonly bytes: Buffer;
}

async function read(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Asks a server that answers by `handle` once, over one of the two HTTPs. */
const over: Readonly<
  Record<string, (connection: Connection, handle: (exchange: Exchange) => void, headers: Record<string, string>) => Promise<Received>>
> = {
  async http1(connection, handle, headers) {
    const server = createHttp1Server((request, response) => handle(http1Exchange(request, response, connection)));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const request = http1Request({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", headers, agent: false });
    request.end();
    const [response] = await once(request, "response");
    const received = { encoding: response.headers["content-encoding"], bytes: await read(response) };
    server.close();
    return received;
  },
  async http2(connection, handle, headers) {
    const server = createHttp2Server().on("stream", (stream, received, _, raw) => handle(http2Exchange(stream, received, raw, connection)));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = session.request(headers);
    const [head] = await once(stream, "response");
    const received = { encoding: head["content-encoding"], bytes: await read(stream) };
    session.close();
    server.close();
    return received;
  },
};

const far: Connection = { peer: undefined, local: false };
const near: Connection = { peer: undefined, local: true };
const gzip = { "accept-encoding": "gzip" };
const large = Buffer.alloc(3_000_000, "a line of text\n");

for (const [http, ask] of Object.entries(over)) {
  const whole = (exchange: Exchange): void => exchange.respond(200, {}, large);
  const streamed = async (exchange: Exchange): Promise<void> => {
    const sink = exchange.open(200, {}, { compress: true });
    for (let at = 0; at < large.length; at += 100_000) if (!sink.write(large.subarray(at, at + 100_000))) await sink.drained();
    sink.end();
  };
  for (const [how, handle] of [
    ["at once", whole],
    ["in pieces", streamed],
  ] as const) {
    test(`${http}: a long answer ${how} is compressed for a client far away that asks so`, async () => {
      const { encoding, bytes } = await ask(far, handle, gzip);
      assert.equal(encoding, "gzip");
      assert.ok(bytes.length < large.length / 10);
      assert.ok(gunzipSync(bytes).equals(large));
    });

    test(`${http}: a long answer ${how} is left as it is on this machine, and for who does not ask`, async () => {
      for (const [connection, headers] of [
        [near, gzip],
        [far, {}],
        [far, { "accept-encoding": "gzip;q=0, br" }],
      ] as const) {
        const { encoding, bytes } = await ask(connection, handle, headers);
        assert.equal(encoding, undefined);
        assert.ok(bytes.equals(large));
      }
    });
  }

  test(`${http}: a short answer is never compressed`, async () => {
    const { encoding, bytes } = await ask(far, (exchange) => exchange.respond(200, {}, Buffer.from("short")), gzip);
    assert.deepEqual([encoding, bytes.toString()], [undefined, "short"]);
  });

  test(`${http}: whoever asks late whether the exchange is over hears it at once`, async () => {
    let exchange: Exchange | undefined;
    await ask(
      near,
      (given) => {
        exchange = given;
        given.respond(200, {}, Buffer.from("x"));
      },
      {},
    );
    await new Promise<void>((resolve) => exchange?.onClose(resolve));
    await new Promise<void>((resolve) => exchange?.onClose(resolve));
    assert.equal(exchange?.closed, true);
  });
}
