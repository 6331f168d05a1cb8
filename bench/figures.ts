/**
 * What a bench hands in: figures beside their targets and peers. Each bench writes one JSON file under `results/`;
 * `npm run bench` prints them and puts them into the documentation.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";

export interface Figure {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  /** The figure is good when it is at most, or at least, so much. Absent: it is told, not judged. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
  readonly peer?: Peer;
  /** One line on how it was measured, or on what it leaves out. */
  readonly note?: string;
}

export interface Peer {
  readonly name: string;
  readonly figure: number;
  /**
   * `measured`: in this run. `rate` and `time`: recorded on another day on a machine whose etcd made
   * `recordedEtcdPuts` puts a second, and scaled to today's. `recorded`: as it was recorded.
   */
  readonly how: "measured" | "rate" | "time" | "recorded";
}

/** Figures as they stand in `results/NAME.json`. */
export interface Result {
  readonly bench: string;
  readonly date: string;
  readonly node: string;
  readonly machine: string;
  /** How much faster than on the day of the recorded figures etcd is here; absent where it was not measured. */
  readonly scale?: number;
  /** How many processes were at work, on an average of the last minute, before the bench began. */
  readonly busyBefore: number;
  readonly figures: readonly (Figure & { readonly ratio?: number; readonly verdict?: "pass" | "short" })[];
}

/** Durable puts of 1 KiB a second by 64 clients of etcd 3.4, on the day on which the Kubernetes figures were recorded. */
const recordedEtcdPuts = 9998;

const busyBefore = loadavg()[0] as number;
const results = join(import.meta.dirname, "results");

/** Kubernetes 1.20.2 over etcd 3.4.23, one node, the same durability; recorded, not measured in this run. */
export const kubernetes = (figure: number, how: "rate" | "time" | "recorded"): Peer => ({ name: "Kubernetes 1.20", figure, how });

/** Writes the figures of a bench; `scripts/bench.mjs` shows them. */
export function report(bench: string, figures: readonly Figure[]): void {
  const scale = machineScale(bench, figures);
  const result: Result = {
    bench,
    date: new Date().toISOString(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    ...(scale !== undefined && { scale }),
    busyBefore: round(busyBefore),
    figures: figures.map((figure) => judged(figure, scale ?? 1)),
  };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, `${bench}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** The name under which the bench `machine` reports what etcd does here. */
export const etcdPutsFigure = "etcd, durable puts of 1 KiB, 64 clients";

function machineScale(bench: string, figures: readonly Figure[]): number | undefined {
  const file = join(results, "machine.json");
  const known = bench === "machine" ? figures : existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Result).figures : [];
  const puts = known.find(({ name }) => name === etcdPutsFigure)?.figure;
  return puts === undefined ? undefined : puts / recordedEtcdPuts;
}

function judged(figure: Figure, scale: number): Result["figures"][number] {
  const { target, peer } = figure;
  const rounded = { ...figure, figure: round(figure.figure) };
  if (!target && !peer) return rounded;
  const isRate = target ? "atLeast" in target : peer?.how === "rate";
  const peerFigure = peer && (peer.how === "rate" ? peer.figure * scale : peer.how === "time" ? peer.figure / scale : peer.figure);
  const better = peerFigure === undefined ? undefined : isRate ? figure.figure / peerFigure : peerFigure / figure.figure;
  const good = target && ("atMost" in target ? figure.figure <= target.atMost : figure.figure >= target.atLeast);
  return {
    ...rounded,
    ...(peer && peerFigure !== undefined && { peer: { ...peer, figure: round(peerFigure) } }),
    ...(better !== undefined && { ratio: round(better) }),
    ...(good !== undefined && { verdict: good ? "pass" : "short" }),
  };
}

const round = (n: number): number => (Math.abs(n) >= 100 ? Math.round(n) : Number(n.toPrecision(3)));

/** The value below which the share `p` of `values` lies. NaN when there are none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Says on stderr what is going on. */
export const progress = (text: string): void => {
  if (process.env.WINDLASS_BENCH_QUIET !== "1") process.stderr.write(`  ${text}\n`);
};
