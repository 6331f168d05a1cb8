/** `cp`: files and folders into a container and out of it, by the tar in the container. */
import type { Pod } from "../../api/types.ts";
import { pathOf, queryText } from "../../client/paths.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import { runRemote } from "../exec/remote-command.ts";
import type { Flag } from "../flags.ts";
import { containerOf, podRef } from "../objects/pods-of.ts";
import { type FileSpec, parseFileSpec } from "./file-spec.ts";

const flags: readonly Flag[] = [
  { name: "container", short: "c", type: "string", about: "into this container, or out of it" },
  { name: "no-preserve", about: "files belong to whom they belong in the container, with its usual rights" },
  { name: "retries", type: "int", default: "0", about: "accepted", hidden: true },
];

export const cp: Command = {
  usage: "SOURCE TARGET [-c CONTAINER] [flags]",
  about:
    "Copies files and folders into a container or out of it. One of the two is [NAMESPACE/]POD:PATH. There must be a tar in the container. Symbolic links are not taken out of it.",
  examples: `windlass cp conf/ web-0:/etc/app
windlass cp default/web-0:/var/log/app.log app.log -c web`,
  flags,
  async run({ flags: given, args }, environment) {
    if (args.length !== 2) throw new CommandError("source and destination are required");
    const [from, to] = args.map(parseFileSpec) as [FileSpec, FileSpec];
    if (from.pod !== "" && to.pod !== "") throw new CommandError("one of src or dest must be a local file specification");
    if (from.pod === "" && to.pod === "") throw new CommandError("one of src or dest must be a remote file specification");
    if (from.path === "" || to.path === "") throw new CommandError("filepath can not be empty");
    const connection = await environment.connect(given);
    try {
      const remote = to.pod === "" ? from : to;
      if (remote === to && (await environment.files.kindOf(from.path)) === undefined)
        throw new CommandError(`${from.path} doesn't exist in local filesystem`);
      const namespace = remote.namespace || connection.namespace;
      const pod = await connection.client.get(podRef, { namespace, name: remote.pod });
      const target: Target = { pod, container: containerOf(pod, given.string("container"), environment), connection, environment };
      if (remote === to) return await copyIn(from.path, to.path, given.bool("no-preserve"), target);
      return await copyOut(from.path, to.path, target);
    } finally {
      connection.close();
    }
  },
};

interface Target {
  readonly pod: Pod;
  readonly container: string;
  readonly connection: Connection;
  readonly environment: Environment;
}

async function copyIn(local: string, remote: string, keepsNothing: boolean, target: Target): Promise<number> {
  const { environment } = target;
  let path = remote.replace(/(?<=.)\/+$/, "");
  // Into a folder that is there it goes under its own name.
  if ((await runIn(target, ["test", "-d", path], { quiet: true })) === 0) path = `${path === "/" ? "" : path}/${baseOf(local)}`;
  const folder = path.slice(0, path.lastIndexOf("/")) || (path.startsWith("/") ? "/" : "");
  const command = [
    "tar",
    ...(keepsNothing ? ["--no-same-permissions", "--no-same-owner"] : []),
    "-xmf",
    "-",
    ...(folder === "" ? [] : ["-C", folder]),
  ];
  return runIn(target, command, { input: environment.localTar.pack(local, baseOf(path)) });
}

async function copyOut(remote: string, local: string, target: Target): Promise<number> {
  const { environment } = target;
  const prefix = remote.replace(/^\/+/, "").replace(/\/+$/, "");
  const chunks = new Chunks();
  const unpacking = environment.localTar.unpack(chunks, prefix, local, (text) => environment.stderr.write(`warning: ${text}\n`));
  // What goes wrong here is told below, when the container has had its say.
  unpacking.catch(() => undefined);
  try {
    const code = await runIn(target, ["tar", "cf", "-", remote], { output: (bytes) => chunks.add(bytes) });
    if (code !== 0) return code;
  } finally {
    chunks.end();
  }
  await unpacking;
  return 0;
}

const baseOf = (path: string): string => path.replace(/\/+$/, "").split("/").at(-1) || path;

interface Streams {
  readonly input?: AsyncIterable<Uint8Array>;
  output?(bytes: Uint8Array): void;
  /** Says nothing of what the command says. */
  readonly quiet?: boolean;
}

/** Resolves with the exit code of a command in the container. */
function runIn(
  { pod, container, connection, environment }: Target,
  words: readonly string[],
  { input, output, quiet }: Streams,
): Promise<number> {
  const { name, namespace } = pod.metadata;
  const query = queryText({ container, stdin: input === undefined ? undefined : true, stdout: true, stderr: true });
  const path = pathOf(podRef, namespace, name, "exec") + query + words.map((word) => `&command=${encodeURIComponent(word)}`).join("");
  const silent = { ...environment.stderr, write() {} };
  return runRemote(
    { path, withStdin: input !== undefined, withTerminal: false },
    {
      ...environment,
      stdout: { ...environment.stdout, write: (bytes) => output?.(bytes as Uint8Array) },
      stderr: quiet ? silent : environment.stderr,
      stdin: {
        ...environment.stdin,
        stream(handler) {
          let isOpen = true;
          void (async () => {
            for await (const chunk of input ?? []) {
              if (!isOpen) return;
              await handler.data(chunk);
            }
            handler.end();
          })().catch((error: Error) => environment.stderr.write(`error: ${error.message}\n`));
          return { close: () => void (isOpen = false) };
        },
      },
    },
    connection,
  );
}

/** Bytes that come, for somebody who takes them one after another. */
class Chunks implements AsyncIterable<Uint8Array> {
  readonly #waiting: Uint8Array[] = [];
  #isOver = false;
  #wake: (() => void) | undefined;

  add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#wake?.();
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next) yield next;
      else if (this.#isOver) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
