/**
 * A client's side of one HTTP/2 connection, with just enough of RFC 9113 and RFC 7541 to put load on an API server: no
 * dynamic header table, header blocks prepared once, bodies handed on in the pieces in which they come. Node's own client
 * costs more than the server that it is to measure; this one leaves most of the machine to the server.
 */
import { connect, type TLSSocket } from "node:tls";
import type { Access } from "./access.ts";

export interface Answer {
  status(code: number): void;
  data(bytes: Buffer): void;
  /** Once; with an error when the stream or the connection broke. */
  end(error?: Error): void;
}

export interface Connection {
  /** Sends a request whose header block `headers` prepared. */
  request(block: Buffer, body: Buffer | undefined, answer: Answer): void;
  /** Stops to read, as a client does that hangs. */
  pause(): void;
  close(): void;
}

const frameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
const flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;
const headerBytes = 9;
const windowMax = 2 ** 31 - 1;
/** The window of the connection is opened again after so many bytes. */
const windowStep = 2 ** 29;
const firstStream = 1;

/** The header block of a request. */
export function headers(access: Access, method: string, path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const all = {
    ":method": method,
    ":scheme": "https",
    ":authority": `${access.host}:${access.port}`,
    ":path": path,
    accept: "application/json",
    ...more,
  };
  // Literal fields without indexing, names and values as they are (RFC 7541, 6.2.2).
  return Buffer.concat(Object.entries(all).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let left = bytes.length - 127;
  for (; left >= 128; left >>>= 7) length.push((left & 127) | 128);
  return Buffer.concat([Buffer.of(...length, left), bytes]);
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, headerBytes);
  return bytes;
}

const number32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Opens a connection. */
export async function openConnection(access: Access): Promise<Connection> {
  const socket = connect({ ...access, ALPNProtocols: ["h2"], servername: "localhost", checkServerIdentity: () => undefined });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  socket.setNoDelay(true);
  return speak(socket);
}

function speak(socket: TLSSocket): Connection {
  const answers = new Map<number, Answer>();
  let nextStream = firstStream;
  let received = 0;
  let corked = false;
  const header = Buffer.alloc(headerBytes);
  let headerHas = 0;
  let left = 0;
  /** The payload of a frame other than DATA, which is read whole. */
  let whole: Buffer | undefined;

  const send = (bytes: Buffer): void => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork();
      });
    }
    socket.write(bytes);
  };
  const fail = (error: Error): void => {
    for (const answer of answers.values()) answer.end(error);
    answers.clear();
    socket.destroy();
  };
  const finish = (stream: number, error?: Error): void => {
    const answer = answers.get(stream);
    answers.delete(stream);
    answer?.end(error);
  };

  function handle(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === frameType.headers) {
      const code = statusOf(payload);
      if (code !== undefined) answers.get(stream)?.status(code);
      if (flags & flag.endStream) finish(stream);
    } else if (type === frameType.settings) {
      if (!(flags & flag.ack)) send(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)));
    } else if (type === frameType.ping) {
      if (!(flags & flag.ack)) send(frame(frameType.ping, flag.ack, 0, payload));
    } else if (type === frameType.reset) finish(stream, new Error(`stream reset with code ${payload.readUInt32BE(0)}`));
    else if (type === frameType.goAway) fail(new Error(`the server went away with code ${payload.readUInt32BE(4)}`));
  }

  socket.on("data", (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (headerHas < headerBytes) {
        const taken = Math.min(headerBytes - headerHas, chunk.length - at);
        chunk.copy(header, headerHas, at, at + taken);
        headerHas += taken;
        at += taken;
        if (headerHas < headerBytes) return;
        left = header.readUIntBE(0, 3);
        whole = header[3] === frameType.data ? undefined : Buffer.alloc(left);
      }
      const stream = header.readUInt32BE(5);
      const part = chunk.subarray(at, Math.min(chunk.length, at + left));
      at += part.length;
      if (whole) part.copy(whole, whole.length - left);
      else if (part.length > 0) {
        answers.get(stream)?.data(part);
        received += part.length;
        if (received >= windowStep) {
          send(frame(frameType.windowUpdate, 0, 0, number32(received)));
          received = 0;
        }
      }
      left -= part.length;
      if (left > 0) return;
      headerHas = 0;
      const flags = header[4] as number;
      if (whole) handle(header[3] as number, flags, stream, whole);
      else if (flags & flag.endStream) finish(stream);
    }
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the connection broke")));

  const setting = (id: number, value: number): Buffer => Buffer.concat([Buffer.of(0, id), number32(value)]);
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  // Header table size 0, no push, the largest window.
  socket.write(frame(frameType.settings, 0, 0, Buffer.concat([setting(1, 0), setting(2, 0), setting(4, windowMax)])));
  socket.write(frame(frameType.windowUpdate, 0, 0, number32(windowMax - 65_535)));

  return {
    request(block, body, answer) {
      const stream = nextStream;
      nextStream += 2;
      answers.set(stream, answer);
      send(frame(frameType.headers, flag.endHeaders | (body ? 0 : flag.endStream), stream, block));
      if (body) send(frame(frameType.data, flag.endStream, stream, body));
    },
    pause: () => void socket.pause(),
    close: () => void socket.destroy(),
  };
}

/** The status with which a header block begins. Undefined for trailers. */
function statusOf(block: Buffer): number | undefined {
  let at = 0;
  // Changes of the size of the table may come first (RFC 7541, 6.3).
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++;
  const first = block[at] ?? 0;
  const indexed = [200, 204, 206, 304, 400, 404, 500][first - 0x88];
  if (indexed !== undefined) return indexed;
  if (![8, 14].some((index) => first === index || first === (index | 0x10) || first === (index | 0x40))) return undefined;
  const length = block[at + 1] ?? 0;
  const value = block.subarray(at + 2, at + 2 + (length & 0x7f));
  return length & 0x80 ? huffmanDigits(value) : Number(value.toString("latin1"));
}

/** Three digits in the code of RFC 7541, appendix B: five bits for 0 to 2, six for the others. */
function huffmanDigits(bytes: Buffer): number {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let value = 0;
  for (let at = 0, digits = 0; digits < 3; digits++) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2);
    const digit = five < 3 ? five : Number.parseInt(bits.slice(at, at + 6), 2) - 0x19 + 3;
    at += five < 3 ? 5 : 6;
    value = value * 10 + digit;
  }
  return value;
}
