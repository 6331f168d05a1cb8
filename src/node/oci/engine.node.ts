/**
 * Drives crun or runc. conmon stands between this process and a container: it holds the container's output, writes the
 * log and the exit code, and lives on when this process dies. Each conmon has a mount namespace of its own, in which
 * the container's root is mounted; so the mount is gone, whatever happens, when the container is.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.node.ts";
import type { OciTools } from "./detect.node.ts";

/** What is needed to bring a container into being. All of `directory` belongs to the container. */
export interface CreateRequest {
  readonly id: string;
  readonly directory: string;
  /** Relative to `layersDirectory`, uppermost first. */
  readonly layers: readonly string[];
  readonly layersDirectory: string;
  /** The command's first word, for complaints. */
  readonly program: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
}

export interface OciEngine {
  /** Where it keeps its own state. */
  readonly directory: string;
  /** The command line that runs the engine with these arguments. */
  command(args: readonly string[]): readonly string[];
  /** Makes the container's process, which waits for `start`. Resolves with its number. Throws an Error with the engine's words. */
  create(request: CreateRequest): Promise<number>;
  /** Lets the container's process go. Throws an Error with the engine's words. */
  start(id: string): Promise<void>;
  /** Gives a running container the resources that are described in a file, in the words of the OCI specification. Throws an Error. */
  update(id: string, resourcesFile: string): Promise<void>;
  /** Ends what still runs and forgets the container. Idempotent. */
  remove(id: string): Promise<void>;
  /** `created`, `running`, `stopped`, or undefined when it does not know the container. */
  state(id: string): Promise<string | undefined>;
  /** Runs a command within a mount namespace in which the engine works, through the shell when need be. */
  within(command: readonly string[]): readonly string[];
}

/** The files that conmon makes in a container's directory. */
export const containerFiles = (directory: string) =>
  ({
    record: join(directory, "container.json"),
    pid: join(directory, "pid"),
    conmonPid: join(directory, "conmon.pid"),
    log: join(directory, "log"),
    resources: join(directory, "resources.json"),
    control: join(directory, "ctl"),
    attachSocket: join(directory, "attach"),
    /** conmon's word that the kernel killed for want of memory. */
    oom: join(directory, "oom"),
  }) as const;

// $1: tree to hide or "", $2: layers' directory, $3: mount options, $4: root, $5: the container's directory, the rest: conmon.
const createScript = `[ -z "$1" ] || umount "$1"
cd "$2" && mount -t overlay overlay -o "$3" "$4" && cd "$5" && shift 5 && exec "$@"`;

/** `directory` keeps the engine's own state, `exits` gets a file with the exit code per ended container. */
export function ociEngine(tools: OciTools, directory: string, exits: string): OciEngine {
  const within = (command: readonly string[]): readonly string[] =>
    tools.hiddenTree === undefined
      ? command
      : ["unshare", "-m", "--propagation", "slave", "sh", "-c", 'umount "$0" && exec "$@"', tools.hiddenTree, ...command];
  const command = (args: readonly string[]): readonly string[] => within([tools.enginePath, "--root", directory, ...args]);

  return {
    directory,
    command,
    within,
    create: (request) => create(tools, directory, exits, request),
    async start(id) {
      // To start is only to open a named pipe: for that crun does not look at the control groups.
      const { code, stderr, stdout } = await runCommand([tools.enginePath, "--root", directory, "start", id]);
      if (code !== 0) throw new Error(engineWords(stderr || stdout || `${tools.engine} ended with ${code}`));
    },
    async update(id, resourcesFile) {
      const { code, stderr, stdout } = await runCommand(command(["update", `--resources=${resourcesFile}`, id]));
      if (code !== 0) throw new Error(engineWords(stderr || stdout || `${tools.engine} ended with ${code}`));
    },
    async remove(id) {
      await runCommand(command(["delete", "--force", id]));
    },
    async state(id) {
      const { code, stdout } = await runCommand(command(["state", id]));
      if (code !== 0) return undefined;
      try {
        return String(JSON.parse(stdout).status);
      } catch {
        return undefined;
      }
    },
  };
}

function create(tools: OciTools, state: string, exits: string, request: CreateRequest): Promise<number> {
  const { id, directory, layers, layersDirectory } = request;
  const files = containerFiles(directory);
  const options = `lowerdir=${layers.join(":")},upperdir=${join(directory, "upper")},workdir=${join(directory, "work")}`;
  const conmon = [
    tools.conmonPath,
    ...["--api-version", "1", "--cid", id, "--cuuid", id, "--name", id, "--runtime", tools.enginePath, "--bundle", directory],
    ...["--runtime-arg", `--root=${state}`, "--container-pidfile", files.pid, "--conmon-pidfile", files.conmonPid],
    ...["--exit-dir", exits, "--log-path", `k8s-file:${files.log}`, "--log-level", "error", "--full-attach", "--no-sync-log"],
    ...(request.tty ? ["--terminal"] : []),
    ...(request.stdin ? ["--stdin"] : []),
    ...(request.stdin && !request.stdinOnce ? ["--leave-stdin-open"] : []),
  ];
  const shell = ["sh", "-c", createScript, "sh", tools.hiddenTree ?? "", layersDirectory, options, join(directory, "rootfs"), directory];
  const words = join(directory, "start.err");
  const stderr = openSync(words, "w", 0o600);
  return new Promise((resolve, reject) => {
    const child = spawn("unshare", ["-m", "--propagation", "slave", ...shell, ...conmon], {
      cwd: directory,
      env: { PATH: process.env["PATH"], TZ: "UTC", LC_ALL: "C", _OCI_SYNCPIPE: "3" },
      stdio: ["ignore", "ignore", stderr, "pipe"],
    });
    closeSync(stderr);
    const sync = child.stdio[3] as NodeJS.ReadableStream & { destroy(): void };
    let text = "";
    child.on("error", (cause) => reject(new Error("cannot run unshare", { cause })));
    sync.on("data", (chunk: Buffer) => {
      text += chunk;
      if (text.includes("\n")) settle();
    });
    sync.on("end", settle);
    sync.on("error", settle);
    let settled = false;
    function settle(): void {
      if (settled) return;
      settled = true;
      sync.destroy();
      let answer: { data?: unknown; message?: unknown } = {};
      try {
        answer = JSON.parse(text);
      } catch {
        // It died before it could speak; what it complained of is in the file.
      }
      if (typeof answer.data === "number" && answer.data > 0) resolve(answer.data);
      else
        reject(
          new Error(
            engineWords(String(answer.message ?? "") || readFileSync(words, "utf8") || "conmon ended without a word", request.program),
          ),
        );
    }
  });
}

/** An engine's complaint in the form that users of Kubernetes know. */
export function engineWords(text: string, program = ""): string {
  let words = text.trim();
  // runc's log lines: time="…" level=error msg="…"
  const messages = [...words.matchAll(/msg="((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] as string).replace(/\\(.)/g, "$1"));
  if (messages.length > 0) words = messages.join("; ");
  words = words.replace(/^(?:\[conmon:e\]: |\d{4}-\S+ |crun: )+/, "");
  words = words.replace(/^(?:runc (?:create|run) failed|exec failed): (?:unable to start container process: )?/, "");
  words = words.replace(/^open executable: Permission denied$/, `exec: "${program}": permission denied`);
  words = words.replace(
    /executable file [`'"]([^`'"]*)[`'"] not found in \$PATH(?:: No such file or directory)?/,
    'exec: "$1": executable file not found in $PATH',
  );
  return words;
}
