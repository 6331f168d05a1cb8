/** Asks the machine's own resolvers: each in turn, until one answers. */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { systemClock } from "../../../base/system-world.node.ts";

/** How long one resolver may take before the next is asked. */
const answerMaxMs = 2000;
const answerMaxBytes = 65_535;
const portDefault = 53;

export interface Resolver {
  readonly ip: string;
  readonly port: number;
}

/** The name servers in the text of a `resolv.conf`, without those in `own`. */
export function parseResolvers(text: string, own: readonly string[]): readonly Resolver[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map(([, ip]) => ({ ip: ip as string, port: portDefault }))
    .filter(({ ip }) => !own.includes(ip));
}

/** What the machine uses now; none where it has no such file. */
export function machineResolvers(own: readonly string[]): readonly Resolver[] {
  try {
    return parseResolvers(readFileSync("/etc/resolv.conf", "utf8"), own);
  } catch {
    return [];
  }
}

/** The first answer to a query in wire format, or undefined where nobody answers. The answer may be truncated over UDP. */
export async function askResolvers(query: Buffer, overTcp: boolean, resolvers: readonly Resolver[]): Promise<Buffer | undefined> {
  for (const resolver of resolvers) {
    const answer = await (overTcp ? askTcp(query, resolver) : askUdp(query, resolver));
    if (answer) return answer;
  }
  return undefined;
}

/** A socket of its own for each query: so its port can't be guessed by who would answer in the resolver's place. */
function askUdp(query: Buffer, { ip, port }: Resolver): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(ip.includes(":") ? "udp6" : "udp4");
    const finish = (answer?: Buffer): void => {
      timer.cancel();
      socket.removeAllListeners().on("error", () => {});
      socket.close();
      resolve(answer);
    };
    const timer = systemClock.setTimer(answerMaxMs, finish);
    socket.on("error", () => finish());
    socket.on("message", (answer) => {
      if (answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0)) finish(answer);
    });
    socket.connect(port, ip, () => socket.send(query));
  });
}

function askTcp(query: Buffer, { ip, port }: Resolver): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port });
    let received = Buffer.alloc(0);
    const finish = (answer?: Buffer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(answerMaxMs, () => finish());
    socket.on("error", () => finish());
    socket.on("end", () => finish());
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      const length = received.length < 2 ? answerMaxBytes : received.readUInt16BE(0);
      if (received.length >= length + 2) finish(received.subarray(2, length + 2));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}
