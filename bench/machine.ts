/**
 * What this machine can do: the peers by which the other figures are judged.
 *
 *     npm run bench -- machine
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { scratch } from "./engine.ts";
import { etcdPutsFigure, type Figure, median, report } from "./figures.ts";
import { hasEtcd, startEtcd } from "./peers/etcd.ts";

const nodeStarts = 15;
const writers = 64;
const warmUpMs = 1000;
const measureMs = 3000;

const figures: Figure[] = [];
const startsMs = Array.from({ length: nodeStarts }, () => {
  const start = performance.now();
  spawnSync(process.execPath, ["-e", "0"]);
  return performance.now() - start;
});
figures.push({ name: "node -e 0", figure: median(startsMs), unit: "ms" });

if (hasEtcd()) {
  const etcd = await startEtcd(join(scratch(), "etcd"));
  figures.push({ name: "etcd, start of an empty one", figure: etcd.readyMs, unit: "ms" });
  const drive = async (name: string, ms: number): Promise<number> => {
    const start = performance.now();
    let puts = 0;
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let n = 0; performance.now() - start < ms; n++, puts++) await etcd.put(`/${name}/${writer}/${n}`);
      }),
    );
    return puts / ((performance.now() - start) / 1000);
  };
  await drive("warm-up", warmUpMs);
  figures.push({ name: etcdPutsFigure, figure: await drive("puts", measureMs), unit: "1/s" });
  await etcd.stop();
}
report("machine", figures);
