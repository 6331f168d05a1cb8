/**
 * What ways to a web server cost: directly, through nginx, through our load balancer on localhost, through a Service's
 * address in the kernel. The ways take turns, so that a machine that grows slower does so for all of them.
 *
 *     npm run bench -- proxy
 *     node bench/proxy.ts [--seconds 3] [--rounds 3] [--only balancer,direct]
 *
 * Needs nginx and wrk; with root, ip and nft the Service's address is measured as well.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Figure, report } from "./figures.ts";
import { silentLog } from "../src/base/log.ts";
import { systemClock, systemRandom } from "../src/base/system-world.node.ts";
import { cleanUpNetwork } from "../src/node/network/clean-up.node.ts";
import { service, slice } from "../src/node/network/fixture.node.ts";
import { linuxPodNetwork } from "../src/node/network/linux-pod-network.node.ts";
import { startLoadBalancer } from "../src/node/network/load-balancer/load-balancer.node.ts";
import { nftServiceProxy } from "../src/node/network/nft-service-proxy.node.ts";
import { runCommand } from "../src/node/oci/command.node.ts";

const { values } = parseArgs({ options: { seconds: { type: "string" }, rounds: { type: "string" }, only: { type: "string" } } });
const seconds = Number(values.seconds ?? 3);
const rounds = Number(values.rounds ?? 3);
const instance = "wlm";
const serviceCidr = "10.91.0.0/16";
const ports = { server: 18080, nginx: 18081, balancer: 18082 };
const world = { clock: systemClock, random: systemRandom, log: silentLog };

const directory = mkdtempSync(join(tmpdir(), "windlass-proxy-"));
const processes: ChildProcess[] = [];
mkdirSync(join(directory, "www"), { mode: 0o755 });
writeFileSync(join(directory, "www", "index.html"), "x".repeat(1024));
await runCommand(["chmod", "-R", "a+rX", directory]);

const nginx = (name: string, server: string): readonly string[] => {
  const file = join(directory, `${name}.conf`);
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${directory}/${name}.pid; error_log /dev/null;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path ${directory}; proxy_temp_path ${directory}; ${server} }`,
  );
  return ["nginx", "-p", directory, "-c", file];
};

async function start(command: readonly string[], port: number, host: string): Promise<void> {
  processes.push(spawn(command[0] as string, command.slice(1), { stdio: "ignore" }));
  for (let left = 100; left > 0; left--) {
    const socket = connect(port, host);
    const isUp = await new Promise<boolean>((resolve) => socket.once("connect", () => resolve(true)).once("error", () => resolve(false)));
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens on ${host}:${port}`);
}

async function requestsPerSecond(url: string, isKept: boolean): Promise<number> {
  const header = isKept ? [] : ["-H", "Connection: close"];
  const { stdout } = await runCommand(["wrk", "-t1", "-c64", `-d${seconds}s`, ...header, url]);
  const errors = /Socket errors: (.+)|Non-2xx.*/.exec(stdout);
  // Who closes first is counted by wrk as a read error when each connection carries one request.
  if (errors && isKept) console.log(`${url}: ${errors[0]}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0);
}

const network = process.getuid?.() === 0 ? await linuxPodNetwork({ instance, nodeIndex: 0, podCidr: "10.90.0.0/24" }) : undefined;
const pod = await network?.attach("bench");
const host = pod?.ip ?? "127.0.0.1";
const entry = new URL("../src/node/network/load-balancer/main.node.ts", import.meta.url).pathname;
const balancer = startLoadBalancer({ spawn: { command: process.execPath, args: [entry] }, socketPath: join(directory, "socket"), world });
const proxy = network && nftServiceProxy({ instance, serviceCidr, log: silentLog });

try {
  const within = pod ? ["nsenter", `--net=${pod.namespacePath}`] : [];
  await start(
    [...within, ...nginx("server", `server { listen ${ports.server} backlog=4096; root ${directory}/www; }`)],
    ports.server,
    host,
  );
  const upstream = `upstream web { server ${host}:${ports.server}; keepalive 64; } server { listen 127.0.0.1:${ports.nginx} backlog=4096; location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; } }`;
  await start(nginx("proxy", upstream), ports.nginx, "127.0.0.1");
  const state = {
    services: [service("web", { type: "LoadBalancer", clusterIP: "10.91.0.20", ports: [{ port: ports.balancer, protocol: "TCP" }] })],
    slices: [slice("web", ports.server, [host])],
  };
  await balancer.sync(state);
  await proxy?.sync(state);

  const all: Readonly<Record<string, string>> = {
    direct: `http://${host}:${ports.server}/`,
    nginx: `http://127.0.0.1:${ports.nginx}/`,
    balancer: `http://127.0.0.1:${ports.balancer}/`,
    ...(proxy ? { serviceAddress: `http://10.91.0.20:${ports.balancer}/` } : {}),
  };
  const ways = Object.entries(all).filter(([name]) => !values.only || values.only.split(",").includes(name));
  const results: Record<string, { kept: number[]; fresh: number[] }> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, url] of ways) {
      const result = (results[name] ??= { kept: [], fresh: [] });
      result.kept.push(await requestsPerSecond(url, true));
      result.fresh.push(await requestsPerSecond(url, false));
    }
  }
  const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
  const rows = Object.fromEntries(
    Object.entries(results).map(([name, { kept, fresh }]) => {
      const direct = results.direct ?? { kept, fresh };
      const share = (own: readonly number[], other: readonly number[]) => Number((median(own) / median(other)).toFixed(2));
      return [
        name,
        {
          kept: Math.round(median(kept)),
          keptShare: share(kept, direct.kept),
          fresh: Math.round(median(fresh)),
          freshShare: share(fresh, direct.fresh),
        },
      ];
    }),
  );
  console.table(rows);
  if (values.only === undefined) report("proxy", figuresOf(rows));
} finally {
  await balancer.close();
  await proxy?.close();
  for (const child of processes) {
    child.kill("SIGQUIT");
    await once(child, "exit");
  }
  await network?.close();
  if (network) await cleanUpNetwork(instance);
  rmSync(directory, { recursive: true, force: true });
}

interface Shares {
  readonly kept: number;
  readonly keptShare: number;
  readonly fresh: number;
  readonly freshShare: number;
}

/** Shares of what the server does when it is asked directly, in the same run. */
function figuresOf(rows: Readonly<Record<string, Shares>>): Figure[] {
  const { nginx, balancer, serviceAddress } = rows;
  const titles = { balancer: "LoadBalancer Service on localhost", serviceAddress: "Service address (nftables)" };
  const targets = { balancer: [0.55, 0.45], serviceAddress: [0.9, 0.9] } as const;
  return Object.entries({ balancer, serviceAddress }).flatMap(([way, shares]) => {
    if (!shares) return [];
    const key = way as keyof typeof titles;
    const [kept, fresh] = targets[key];
    const peer = (figure: number | undefined): Pick<Figure, "peer"> =>
      figure === undefined ? {} : { peer: { name: "nginx", figure, how: "measured" } };
    const unit = "of direct";
    return [
      { name: `${titles[key]}, kept connections`, figure: shares.keptShare, unit, target: { atLeast: kept }, ...peer(nginx?.keptShare) },
      {
        name: `${titles[key]}, a connection per request`,
        figure: shares.freshShare,
        unit,
        target: { atLeast: fresh },
        ...peer(nginx?.freshShare),
      },
    ];
  });
}
