/** A registry on this machine that asks for a name and a password. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { until } from "./until.ts";

export interface Registry {
  /** Host and port, as in the name of an image. */
  readonly address: string;
  readonly username: string;
  readonly password: string;
}

/** bcrypt of `secret`, as `htpasswd -B` writes it. */
const passwords = "reader:$2b$04$QxQvI/l8skHZauaSmT1WgOUam6QFWEcl8KRKLKA2Pp7SNFoEWIhki\n";

/** Starts an empty registry; it ends with the test. */
export async function startRegistry(t: TestContext): Promise<Registry> {
  const directory = mkdtempSync(join(tmpdir(), "windlass-registry-"));
  const address = `127.0.0.1:${await freePort()}`;
  writeFileSync(join(directory, "passwords"), passwords);
  const config = join(directory, "config.yml");
  writeFileSync(
    config,
    [
      "version: 0.1",
      `storage: { filesystem: { rootdirectory: ${directory}/blobs } }`,
      `http: { addr: "${address}" }`,
      "log: { level: error }",
      `auth: { htpasswd: { realm: scenarios, path: ${directory}/passwords } }`,
      "",
    ].join("\n"),
  );
  const registry = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  t.after(() => {
    registry.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });
  await until("the registry answers", async () => (await fetch(`http://${address}/v2/`)).status === 401);
  return { address, username: "reader", password: "secret" };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
