/**
 * Single objects and lists over TLS and HTTP/2, with a load generator in another process, durable writes.
 *
 *     npm run bench -- api
 */
import { homeWith, startEngine } from "./engine.ts";
import { type Figure, kubernetes, progress, report } from "./figures.ts";
import { load, type RequestJob, type RequestOutcome } from "./load/load.ts";

const seconds = 3;
const warmUpSeconds = 1.5;
const namespace = "many";
const figures: Figure[] = [];

const connectionsFor = (clients: number): number => Math.min(4, clients);

async function measure(access: RequestJob["access"], job: RequestJob["job"], clients: number, count: number): Promise<RequestOutcome> {
  progress(`${job}, ${clients} at once, ${count.toLocaleString("en")} objects`);
  const outcome = await load({ job, access, clients, connections: connectionsFor(clients), seconds, namespace, count });
  if (outcome.failed > 0) throw new Error(`${outcome.failed} of ${outcome.answered} requests (${job}) failed`);
  return outcome;
}

{
  const engine = await startEngine({ home: await homeWith(10_000) });
  const { access } = engine;
  // Code gets fast by being used; what is measured is an engine that has been at work.
  for (const job of ["create", "update", "get"] as const)
    await load({ job, access, clients: 16, connections: 4, seconds: warmUpSeconds, namespace, count: 10_000 });

  const gets = await measure(access, "get", 64, 10_000);
  figures.push({
    name: "GET, 64 clients",
    figure: gets.perSecond,
    unit: "1/s",
    target: { atLeast: 11_000 },
    peer: kubernetes(4371, "rate"),
  });
  figures.push({ name: "GET, 64 clients, p99", figure: gets.p99Ms, unit: "ms" });
  const get1 = await measure(access, "get", 1, 10_000);
  figures.push({ name: "GET, 1 client", figure: get1.perSecond, unit: "1/s", peer: kubernetes(1026, "rate") });

  const page = await measure(access, "page", 1, 10_000);
  figures.push({ name: "LIST, page of 500", figure: page.p50Ms, unit: "ms", target: { atMost: 4 } });
  const before = engine.memory();
  const [list, probe] = await listBeside(access, 10_000);
  figures.push({ name: "LIST of 10,000", figure: list.p50Ms, unit: "ms", target: { atMost: 75 }, peer: kubernetes(290, "time") });
  figures.push({ name: "LIST of 10,000, first byte", figure: list.firstByteP50Ms, unit: "ms", target: { atMost: 10 } });
  figures.push({ name: "GET beside LISTs of 10,000, p99", figure: probe.p99Ms, unit: "ms", target: { atMost: 20 } });
  figures.push({ name: "memory that LISTs of 10,000 take", figure: engine.memory() - before, unit: "MiB", target: { atMost: 64 } });

  const creates = [
    [1, 1500, 720],
    [16, 5000, 1945],
    [64, 6500, 2000],
  ] as const;
  for (const [clients, atLeast, peer] of creates) {
    const { perSecond, p99Ms } = await measure(access, "create", clients, 10_000);
    const name = `create, ${clients} ${clients === 1 ? "client" : "clients"}`;
    figures.push({ name, figure: perSecond, unit: "1/s", target: { atLeast }, peer: kubernetes(peer, "rate") });
    if (clients === 64)
      figures.push({ name: `${name}, p99`, figure: p99Ms, unit: "ms", target: { atMost: 20 }, peer: kubernetes(99, "time") });
  }
  const updates = [
    [1, 1500, 555],
    [64, 6000, 1071],
  ] as const;
  for (const [clients, atLeast, peer] of updates) {
    const { perSecond } = await measure(access, "update", clients, 10_000);
    const name = `update, ${clients} ${clients === 1 ? "client" : "clients"}`;
    figures.push({ name, figure: perSecond, unit: "1/s", target: { atLeast }, peer: kubernetes(peer, "rate") });
  }
  await engine.stop();
}
{
  const engine = await startEngine({ home: await homeWith(100_000) });
  const [list, probe] = await listBeside(engine.access, 100_000);
  figures.push({ name: "LIST of 100,000", figure: list.p50Ms, unit: "ms", target: { atMost: 750 }, peer: kubernetes(1800, "time") });
  figures.push({ name: "GET beside LISTs of 100,000, p99", figure: probe.p99Ms, unit: "ms", target: { atMost: 20 } });
  await engine.stop();
}
report("api", figures);

/** LISTs of everything, one after the other, while another client asks for single objects 100 times a second. */
async function listBeside(access: RequestJob["access"], count: number): Promise<[RequestOutcome, RequestOutcome]> {
  const probing = load({ job: "get", access, clients: 8, connections: 1, seconds: seconds + 1, namespace, count, perSecond: 100 });
  const list = await measure(access, "list", 1, count);
  return [list, await probing];
}
