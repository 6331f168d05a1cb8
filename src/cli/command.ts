/**
 * What a command is. The command line is put together like this:
 *
 * - `commands.ts` lists the top commands: name, one line of help, and where the rest is loaded from. So a start loads
 *   one verb and nothing of the others.
 * - A verb is one folder or file here that exports a `Command`: its flags, its help and `run`, a pure function of an
 *   `Invocation` and an `Environment`. It resolves with the exit code, and throws for what goes wrong: an `ApiError`, a
 *   `ConnectionError`, or a `CommandError` with its own message. `errors.ts` puts that into kubectl's words and codes.
 * - A group, such as `rollout` or `config`, is a `CommandGroup` of further entries.
 * - `environment.connect(flags)` gives a `Connection` (`connection.ts`): client, discovery, raw requests, the namespace.
 * - `objects/find-objects.ts` turns TYPE NAME, TYPE/NAME, -f, -l, -A into objects; `objects/read-manifests.ts` reads files.
 * - `printing/` prints objects for `-o`, and lines such as `deployment.apps/web created`.
 *
 * Only `*.node.ts` files touch the outside world: `environment.node.ts` makes the environment of a real shell,
 * `connect.node.ts` reads kubeconfigs and connects.
 */
import type { World } from "../base/world.ts";
import type { Connection } from "./connection.ts";
import type { EngineCommands } from "./engine-commands.ts";
import type { Flag, Flags } from "./flags.ts";

/** One line of help and how to get at the rest. */
export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** For the list of commands: what it does, lower case, no full stop. */
  readonly summary: string;
  /** Under which heading of the list; absent: not listed. */
  readonly section?: string;
  load(): Promise<Command | CommandGroup>;
}

export interface Command {
  /** What follows the name in the usage line: `(TYPE [NAME | -l label] | TYPE/NAME ...) [flags]`. */
  readonly usage: string;
  /** Some sentences, in our own words. */
  readonly about: string;
  /** Command lines, each with a comment line above it; `windlass` is replaced by the name it was called by. */
  readonly examples?: string;
  /** Beside the global ones. */
  readonly flags: readonly Flag[];
  /** `false`: everything after the first argument is an argument. */
  readonly interspersed?: boolean;
  /** What its arguments are, for shells that complete: these words, or what the name says. */
  readonly completes?: "objects" | "workloads" | "pods" | "files" | readonly string[];
  /** Does without the global flags, which then are unknown (commands of the engine). */
  readonly withoutGlobalFlags?: boolean;
  run(invocation: Invocation, environment: Environment): Promise<number>;
}

export interface CommandGroup {
  readonly about: string;
  readonly examples?: string;
  readonly commands: readonly CommandEntry[];
  /** What the name does where none of the commands follows it: `create -f web.yaml` beside `create namespace x`. */
  readonly itself?: Command;
}

export interface Invocation {
  /** How the command was called: `windlass rollout status`, or `kubectl windlass rollout status`. */
  readonly name: string;
  /** What is no flag. */
  readonly args: readonly string[];
  /** How many of `args` stood before `--`; undefined where there was none. */
  readonly argsBeforeDashes: number | undefined;
  readonly flags: Flags;
}

export interface Output {
  write(text: string | Uint8Array): void;
  readonly isTerminal: boolean;
  /** Of the terminal, now; undefined where there is none. */
  size(): { readonly columns: number; readonly rows: number } | undefined;
  /** Calls after every change of the size, until `close`. */
  onResize(handler: () => void): { close(): void };
}

export interface Input {
  readonly isTerminal: boolean;
  /** Everything up to the end. A second call gives the same. */
  text(): Promise<string>;
  /** Chunks as they come, until `close`. For exec and attach. What `data` returns may be waited for before the next one. */
  stream(handler: { data(chunk: Uint8Array): unknown; end(): void }): { close(): void };
  /** Every key comes at once and is not shown, until `restore`. Only of a terminal. */
  raw(): { restore(): void };
}

/** One connection to a port that is listened on. */
export interface LocalSocket {
  write(bytes: Uint8Array): void;
  /** Nothing more will be written. */
  end(): void;
  destroy(): void;
  /** `data` may be slow: no more is read until it resolves. `end`: the connection has ended, in both directions. */
  handle(handler: { data(bytes: Uint8Array): Promise<void>; end(): void }): void;
}

/** Files as commands see them. Errors are `Error`s with Go's words: `open web.yaml: no such file or directory`. */
export interface Files {
  read(path: string): Promise<Uint8Array>;
  /** Replaces the file as a whole; makes missing folders. Readable by its owner only where `secret`. */
  write(path: string, content: Uint8Array | string, options?: { readonly secret?: boolean }): Promise<void>;
  /** undefined where there is nothing. */
  kindOf(path: string): Promise<"file" | "directory" | undefined>;
  /** Names in a folder, sorted. */
  list(path: string): Promise<readonly { readonly name: string; readonly kind: "file" | "directory" }[]>;
  /** The body behind an http or https address. */
  fetch(url: string): Promise<Uint8Array>;
}

/** Files of this machine as tar archives. Errors are `Error`s. */
export interface LocalTar {
  /** The file or folder, under another name. */
  pack(path: string, name: string): AsyncIterable<Uint8Array>;
  /**
   * Puts the entry `prefix`, and what is below it, to `path`, or into it where that is a folder. Refuses entries from elsewhere. Symbolic
   * links are passed over, with a word to `warn`.
   */
  unpack(chunks: AsyncIterable<Uint8Array>, prefix: string, path: string, warn: (text: string) => void): Promise<void>;
}

/** What somebody made of a text. */
export interface EditedFile {
  readonly text: string;
  readonly path: string;
  discard(): void;
}

/** Everything that a command may use of the world around it. */
export interface Environment {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly files: Files;
  readonly world: World;
  /** The version of this program. */
  readonly version: string;
  /** Aborts on Ctrl-C, SIGTERM; what was begun should end then. A command that never looks at it is ended at once. */
  readonly interrupted: AbortSignal;
  /** A variable of the shell. */
  variable(name: string): string | undefined;
  /** Connects as the global flags, kubeconfig and variables say; nothing is sent before it is needed. Throws `KubeconfigError`. */
  connect(flags: Flags): Promise<Connection>;
  /** The kubeconfig files that count, in order; one that is named by flag must exist. */
  kubeconfigFiles(flags: Flags): { readonly paths: readonly string[]; readonly mustExist: boolean };
  /**
   * Runs a program in a new folder of its own, which holds `folders` and `files` (by path) and is removed afterwards. What the
   * program prints is printed; resolves with its exit code. Throws where there is no such program.
   */
  runOn(files: Readonly<Record<string, string>>, folders: readonly string[], program: string, args: readonly string[]): Promise<number>;
  /**
   * Has a text edited in a file of its own, whose name ends with `suffix`, by an editor that is given as words. Resolves when the editor
   * has ended. Throws where it could not be started or failed; the file is gone then.
   */
  edit(editor: string, text: string, suffix: string): Promise<EditedFile>;
  readonly localTar: LocalTar;
  /** Listens on an address of this machine; port 0 takes a free one. Rejects where that is impossible. */
  listen(address: string, port: number, connected: (socket: LocalSocket) => void): Promise<{ readonly port: number; close(): void }>;
  readonly engine: EngineCommands;
}
