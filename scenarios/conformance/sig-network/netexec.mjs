// The server and client of the network checks, run inside Pods with this machine's own Node: it answers HTTP and datagrams with the
// name of its Pod, and tells of every HTTP request what it was. `serve HTTP_PORT[,..] UDP_PORT[,..]` or `udp HOST PORT`.
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { hostname } from "node:os";

const name = process.env.POD_NAME || hostname();
const [mode, first = "", second = ""] = process.argv.slice(2);
const numbers = (list) => list.split(",").filter(Boolean).map(Number);

if (mode === "serve") {
  for (const port of numbers(first)) {
    createServer((request, response) => {
      const { pathname } = new URL(request.url, "http://x");
      if (pathname === "/hostname") return response.end(name);
      if (pathname === "/clientip") return response.end(request.socket.remoteAddress.replace("::ffff:", ""));
      if (pathname === "/port") return response.end(String(port));
      response.setHeader("content-type", "application/json");
      response.end(request.method === "HEAD" ? undefined : JSON.stringify({ pod: name, method: request.method, path: request.url }));
    }).listen(port);
  }
  for (const port of numbers(second)) {
    const socket = createSocket("udp4");
    socket.on("message", (_bytes, from) => socket.send(name, from.port, from.address));
    socket.bind(port);
  }
  process.on("SIGTERM", () => process.exit(0));
} else {
  const socket = createSocket("udp4");
  const timer = setTimeout(() => process.exit(1), 1500);
  const failed = () => {
    clearTimeout(timer);
    process.exit(1);
  };
  socket.on("error", failed);
  socket.on("message", (bytes) => {
    clearTimeout(timer);
    console.log(bytes.toString());
    socket.close();
  });
  socket.connect(Number(second), first, () => socket.send("hostname"));
}
