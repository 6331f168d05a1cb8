/** Connections to ports inside a sandbox. */
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import type { ByteStream } from "../../api/node-api.ts";
import { byteStream } from "./byte-stream.node.ts";

const dialMs = 5000;

// Runs in the sandbox's network: joins its own input and output to the port, after saying whether there is anybody.
// The output goes by a stream of its own, because process.stdout cannot be closed, and a half-closed connection must show.
const relay = `const n=require("net");let t=["127.0.0.1","::1"];(function d(e){const h=t.shift();if(!h){process.stdout.write("-"+e.message+"\\n");process.exitCode=1;return}
const s=n.connect({host:h,port:+process.argv[1],allowHalfOpen:true},()=>{process.stdout.write("+\\n");s.off("error",d);s.on("error",()=>process.exit(1));process.stdin.pipe(s);s.pipe(require("fs").createWriteStream("",{fd:1}));s.on("close",()=>process.exit(0))});s.on("error",d)})()`;

/** Connects to a port that listens on the Pod's address or on loopback within the Pod. Throws an Error with the words of a refusal. */
export async function forwardPort(ip: string, networkNamespace: string | undefined, port: number): Promise<ByteStream> {
  const direct = await dial(networkNamespace === undefined ? "127.0.0.1" : ip, port).catch((error: Error) => error);
  if (!(direct instanceof Error)) return byteStream(direct);
  if (networkNamespace === undefined) throw new Error(`failed to connect to localhost:${port} inside namespace: ${direct.message}`);
  return byteStream(await dialWithin(networkNamespace, port));
}

function dial(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, timeout: dialMs });
    socket.once("error", reject);
    socket.once("timeout", () => socket.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)));
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** A listener on loopback can only be reached from within, so a process goes there. */
function dialWithin(networkNamespace: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const child = spawn("nsenter", [`--net=${networkNamespace}`, process.execPath, "-e", relay, String(port)], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
    child.on("error", reject);
    stream.once("error", reject);
    stream.once("close", () => child.kill());
    let head = Buffer.alloc(0);
    const onReadable = (): void => {
      for (let piece = stream.read(); piece !== null; piece = stream.read()) head = Buffer.concat([head, piece]);
      const end = head.indexOf("\n");
      if (end < 0) return;
      stream.off("readable", onReadable);
      if (head[0] !== "+".charCodeAt(0)) {
        stream.destroy();
        reject(new Error(`failed to connect to localhost:${port} inside namespace: ${head.subarray(1, end).toString()}`));
        return;
      }
      stream.off("error", reject);
      if (head.length > end + 1) stream.unshift(head.subarray(end + 1));
      resolve(stream);
    };
    stream.on("readable", onReadable);
  });
}
