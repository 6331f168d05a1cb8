import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

test("a cluster that can't start leaves nothing behind: no folder, and nothing that keeps the process alive", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const temporary = await mkdtemp(join(tmpdir(), "windlass-start-"));
  const program = `
    import { startCluster } from ${JSON.stringify(new URL("start-cluster.node.ts", import.meta.url).href)};
    await startCluster({ port: ${port} }).catch((error) => console.log(error.code));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 20_000,
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await once(child, "close");
  assert.deepEqual([code, said], [0, "EADDRINUSE\n"]);
  assert.deepEqual(await readdir(temporary), []);
  other.close();
  await rm(temporary, { recursive: true });
});
