/** The environment of a real shell: its streams, files, variables and signals. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "../base/assert.ts";
import { silentLog } from "../base/log.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import type { Environment, Files, Input } from "./command.ts";
import { interruption } from "./errors.ts";
import type { EngineCommands } from "./engine-commands.ts";
import { kubeconfigPaths } from "./kubeconfig-paths.node.ts";
import { standardOutput } from "./standard-output.node.ts";

export interface EnvironmentOptions {
  readonly version: string;
  readonly engine: EngineCommands | undefined;
  readonly connect: Environment["connect"];
  readonly isPlugin: boolean;
}

export function shellEnvironment({ version, engine, connect, isPlugin }: EnvironmentOptions): Environment {
  let interrupted: AbortController | undefined;
  return {
    stdin: standardInput(),
    stdout: standardOutput(1),
    stderr: standardOutput(2),
    files: lazyFiles,
    world: { clock: systemClock, random: systemRandom, log: silentLog },
    version,
    // Only who looks at the signal takes over from the system's way of ending a program.
    get interrupted() {
      if (!interrupted) {
        const controller = new AbortController();
        interrupted = controller;
        for (const signal of ["SIGINT", "SIGTERM"] as const)
          process.once(signal, () => {
            controller.abort(interruption(signal));
          });
      }
      return interrupted.signal as Environment["interrupted"];
    },
    variable: (name) => process.env[name],
    connect,
    kubeconfigFiles: (flags) =>
      flags.given("kubeconfig")
        ? { paths: [flags.string("kubeconfig")], mustExist: true }
        : { paths: kubeconfigPaths({ isPlugin }), mustExist: false },
    async runOn(files, folders, program, args) {
      const directory = mkdtempSync(join(tmpdir(), "windlass-"));
      const { spawnSync } = await import("node:child_process");
      try {
        for (const folder of folders) mkdirSync(join(directory, folder), { recursive: true });
        for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text, { mode: 0o600 });
        const { status, error } = spawnSync(program, [...args], { cwd: directory, stdio: ["ignore", "inherit", "inherit"] });
        if (error) throw new Error(`executable file not found: ${program}`, { cause: error });
        return status ?? 2;
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
    edit: async (...how) => (await import("./edit-file.node.ts")).editFile(...how),
    localTar: {
      async *pack(...how) {
        yield* (await import("./cp/local-tar.node.ts")).localTar.pack(...how);
      },
      unpack: async (...how) => (await import("./cp/local-tar.node.ts")).localTar.unpack(...how),
    },
    listen: async (...how) => (await import("./listen.node.ts")).listen(...how),
    get engine() {
      assert(engine !== undefined, "a program without an engine has no commands of one");
      return engine;
    },
  };
}

function standardInput(): Input {
  let text: Promise<string> | undefined;
  return {
    get isTerminal() {
      return process.stdin.isTTY === true;
    },
    text() {
      text ??= (async () => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of process.stdin) chunks.push(chunk);
        return Buffer.concat(chunks).toString("utf8");
      })();
      return text;
    },
    stream({ data, end }) {
      const { stdin } = process;
      stdin.on("data", data);
      stdin.on("end", end);
      return {
        close() {
          stdin.off("data", data);
          stdin.off("end", end);
          stdin.pause();
        },
      };
    },
    raw() {
      process.stdin.setRawMode(true);
      return { restore: () => process.stdin.setRawMode(false) };
    },
  };
}

/** Loaded when the first file is asked for. */
const files = async (): Promise<Files> => (await import("./files.node.ts")).realFiles;

const lazyFiles: Files = {
  read: async (...how) => (await files()).read(...how),
  write: async (...how) => (await files()).write(...how),
  kindOf: async (...how) => (await files()).kindOf(...how),
  list: async (...how) => (await files()).list(...how),
  fetch: async (...how) => (await files()).fetch(...how),
};
