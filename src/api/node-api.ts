/**
 * What a node agent answers to the API server: logs and streams of its Pods' containers. The API server finds the
 * agent by node name and hands the client's streams over; neither imports the other.
 */

/** A two-way byte stream. */
export interface ByteStream {
  /** Resolves when the bytes are taken over (back-pressure). Rejects when the other side is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** No more bytes will be written; reading goes on. */
  end(): void;
  /** Calls `onBytes` for each piece and `onEnd` once. A returned promise holds the next piece back. */
  read(onBytes: (bytes: Uint8Array) => void | Promise<void>, onEnd: (error?: Error) => void): void;
  /** Cuts both directions. Idempotent. */
  destroy(error?: Error): void;
}

export interface LogOptions {
  readonly container: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  readonly limitBytes?: number;
  /** `All`, `Stdout` or `Stderr`. */
  readonly stream?: string;
}

export interface ExecOptions {
  readonly container: string;
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** The client's end of an exec or attach. */
export interface ExecStreams {
  readonly stdin?: ByteStream;
  readonly stdout?: ByteStream;
  /** Absent with a tty: everything goes to stdout. */
  readonly stderr?: ByteStream;
  /** Calls back at once with the current size, if any, and on each change. */
  onResize?(listener: (size: TerminalSize) => void): void;
}

/** How a command ended. */
export interface ExecResult {
  readonly exitCode: number;
}

/** Names a Pod as the agent knows it. */
export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Every method throws `ApiError` (KUB-80 texts) for what the client got wrong. */
export interface NodeApi {
  /** Writes the log to `sink` until its end, or, with follow, until `signal` aborts. */
  logs(pod: PodRef, options: LogOptions, sink: (bytes: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Runs a command; resolves when it has ended and its output is delivered. */
  exec(pod: PodRef, options: ExecOptions, streams: ExecStreams, signal: AbortSignal): Promise<ExecResult>;
  /** Joins the container's main process; resolves when the process ends or the client leaves. */
  attach(pod: PodRef, options: Omit<ExecOptions, "command">, streams: ExecStreams, signal: AbortSignal): Promise<void>;
  /** A connection to a port inside the Pod. */
  portForward(pod: PodRef, port: number): Promise<ByteStream>;
}

/** Finds the agent of a node. Undefined when none runs here. */
export type NodeDirectory = (nodeName: string) => NodeApi | undefined;
