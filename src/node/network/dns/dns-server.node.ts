/** The cluster's name server: UDP and TCP on its Service's address, the zone from what is known, everything else from the machine's resolvers. */
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket as Stream } from "node:net";
import { type Answer, decode, encode, type Packet } from "dns-packet";
import type { Log } from "../../../base/log.ts";
import type { ServiceProxy, ServiceState } from "../../network.ts";
import { compressNames } from "./compress-names.ts";
import { askResolvers, machineResolvers, type Resolver } from "./resolvers.node.ts";
import { createZone, type Zone, type ZoneFacts } from "./zone.ts";

const portDefault = 53;
/** Without a word from the client a datagram holds so much; with one, never more than passes everywhere in one piece. */
const datagramBytes = 512;
const datagramMaxBytes = 1232;
/** Over TCP two bytes say how long a message is. */
const streamMaxBytes = 0xffff;
/** The least that a record takes: a pointer to its name, ten bytes of particulars, an address. */
const recordMinBytes = 16;
const forwardsMax = 1000;
const streamsMax = 200;
const streamIdleMs = 10_000;

const authoritative = 1 << 10;
const truncated = 1 << 9;
const recursionDesired = 1 << 8;
const recursionAvailable = 1 << 7;
const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4 } as const;
type Rcode = keyof typeof rcodes;

export interface DnsServerOptions extends ZoneFacts {
  /** Where it listens; the addresses must be the machine's. */
  readonly addresses: readonly string[];
  readonly log: Log;
  /** Default: 53. */
  readonly port?: number;
  /** Default: those in the machine's `/etc/resolv.conf`, read anew each time. */
  readonly resolvers?: () => readonly Resolver[];
}

/** Resolves when it listens everywhere. It is told of Services as a proxy is; until then it knows of none. Throws the system's error where an address can't be had. */
export async function startDnsServer(options: DnsServerOptions): Promise<ServiceProxy> {
  const { addresses, log, port = portDefault, resolvers = () => machineResolvers(addresses) } = options;
  let state: ServiceState = { services: [], slices: [] };
  let zone: Zone | undefined;
  let forwards = 0;
  const streams = new Set<Stream>();
  const closing: (() => void)[] = [];

  try {
    for (const address of addresses) {
      const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
      closing.push(() => socket.close());
      const bound = once(socket, "listening");
      socket.bind({ port, address });
      await bound;
      socket.on("error", (error) => log.warn("the name server's socket failed", { error: error.message }));
      socket.on("message", (query, from) => void answerDatagram(socket, query, from.port, from.address));

      const server = createServer(serveStream);
      server.maxConnections = streamsMax;
      closing.push(() => server.close());
      const listening = once(server, "listening");
      server.listen({ port, host: address });
      await listening;
    }
  } catch (error) {
    closeAll();
    throw error;
  }

  return {
    async sync(next) {
      state = next;
      // Made at the next question: states come more often than questions while much is going on.
      zone = undefined;
    },
    settled: async () => {},
    async close() {
      closeAll();
    },
  };

  function closeAll(): void {
    for (const close of closing) close();
    for (const stream of streams) stream.destroy();
  }

  async function answerDatagram(socket: Socket, query: Buffer, toPort: number, toAddress: string): Promise<void> {
    const answer = await answerQuery(query, false);
    if (answer) socket.send(answer, toPort, toAddress, () => {});
  }

  function serveStream(stream: Stream): void {
    streams.add(stream);
    stream.setTimeout(streamIdleMs, () => stream.destroy());
    stream.on("error", () => {}).on("close", () => streams.delete(stream));
    let received = Buffer.alloc(0);
    let turn = Promise.resolve();
    stream.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
        const length = received.readUInt16BE(0);
        const query = received.subarray(2, length + 2);
        received = received.subarray(length + 2);
        turn = turn.then(async () => {
          const answer = await answerQuery(query, true);
          if (!answer || !stream.writable) return;
          const head = Buffer.alloc(2);
          head.writeUInt16BE(answer.length);
          stream.write(Buffer.concat([head, answer]));
        });
      }
    });
  }

  /** The answer in wire format; undefined where there is nothing to say, because it was no query. */
  async function answerQuery(bytes: Buffer, overTcp: boolean): Promise<Buffer | undefined> {
    if (bytes.length < 12 || (bytes.readUInt16BE(2) & 0x8000) !== 0) return undefined;
    let query: Packet;
    try {
      query = decode(bytes);
    } catch {
      const id = bytes.readUInt16BE(0);
      return encode({ id, type: "response", flags: rcodes.FORMERR });
    }
    try {
      return await answerPacket(bytes, query, overTcp);
    } catch (error) {
      log.warn("a question to the name server failed", { error: String(error) });
      return respond(query, "SERVFAIL", overTcp, {});
    }
  }

  async function answerPacket(bytes: Buffer, query: Packet, overTcp: boolean): Promise<Buffer> {
    const question = query.questions?.[0];
    if (((bytes.readUInt16BE(2) >> 11) & 0xf) !== 0) return respond(query, "NOTIMP", overTcp, {});
    if (!question || query.questions?.length !== 1) return respond(query, "FORMERR", overTcp, {});
    zone ??= createZone(state, options);
    const known = (question.class ?? "IN") === "IN" ? zone.answer(question.name, question.type) : undefined;
    if (!known) return (await forward(bytes, overTcp)) ?? respond(query, "SERVFAIL", overTcp, {});
    const answers = [...known.answers] as Answer[];
    if (known.outside !== undefined) answers.push(...(await resolveAlias(known.outside, question.type)));
    const { rcode, authorities, additionals } = known;
    return respond(
      query,
      rcode,
      overTcp,
      { answers, authorities: authorities as Answer[], additionals: additionals as Answer[] },
      authoritative,
    );
  }

  async function forward(query: Buffer, overTcp: boolean): Promise<Buffer | undefined> {
    if (forwards >= forwardsMax) return undefined;
    forwards++;
    try {
      return await askResolvers(query, overTcp, resolvers());
    } finally {
      forwards--;
    }
  }

  /** What an alias outside the zone stands for; the alias alone is an answer too. */
  async function resolveAlias(name: string, type: Answer["type"]): Promise<Answer[]> {
    const id = randomInt(0x10000);
    const answer = await forward(encode({ id, type: "query", flags: recursionDesired, questions: [{ name, type }] }), false);
    return answer ? (decode(answer).answers ?? []) : [];
  }
}

/** An answer with at least its question. Where not all of it fits it has as much as does, and says so: who asks over TCP gets the rest. */
function respond(
  query: Packet,
  rcode: Rcode,
  overTcp: boolean,
  records: Pick<Packet, "answers" | "authorities" | "additionals">,
  more = 0,
): Buffer {
  const asked = query.additionals?.find((record) => record.type === "OPT");
  const extension: Answer[] = asked
    ? [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: datagramMaxBytes,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ]
    : [];
  const flags = rcodes[rcode] | more | recursionAvailable | ((query.flags ?? 0) & recursionDesired);
  const packet: Packet = {
    id: query.id ?? 0,
    type: "response",
    flags,
    questions: query.questions ?? [],
    ...records,
    additionals: [...(records.additionals ?? []), ...extension],
  };
  const datagram = asked ? Math.max(datagramBytes, Math.min(asked.udpPayloadSize, datagramMaxBytes)) : datagramBytes;
  const maxBytes = overTcp ? streamMaxBytes : datagram;
  const answers = packet.answers ?? [];
  const most = Math.floor(maxBytes / recordMinBytes);
  if (answers.length <= most) {
    for (const each of [packet, { ...packet, additionals: extension }]) {
      const whole = wire(each);
      if (whole.length <= maxBytes) return whole;
    }
  }
  // Not every resolver asks again, musl's before 1.2.4 does not: some addresses are better than none.
  for (let count = Math.min(answers.length, most); ; ) {
    const part = { ...packet, flags: flags | truncated, answers: answers.slice(0, count), authorities: [], additionals: extension };
    const cut = wire(part);
    if (cut.length <= maxBytes || count === 0) return cut;
    count = Math.min(count - 1, Math.floor((count * maxBytes) / cut.length));
  }
}

function wire(packet: Packet): Buffer {
  const { buffer, byteOffset, byteLength } = compressNames(encode(packet));
  return Buffer.from(buffer, byteOffset, byteLength);
}
