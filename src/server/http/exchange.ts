/**
 * One request and its answer, seen without the wire: HTTP/1.1 and HTTP/2 look alike from here on, and a test can play
 * either side in memory.
 */

/** Headers of an answer. Names are lower-case; a list is sent as several header lines. */
export type AnswerHeaders = Record<string, string | number | readonly string[]>;

/** Who the client's certificate, verified against our authority, says it is. */
export interface PeerIdentity {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** The body of an answer that is written piece by piece. */
export interface ByteSink {
  /** Takes the bytes over. False when more is buffered than should be: wait for `drained` before going on. */
  write(bytes: Uint8Array): boolean;
  /** Bytes taken over and not yet handed to the operating system. */
  readonly buffered: number;
  /** For how many milliseconds nothing could be handed on; 0 while it flows. */
  readonly blockedMs: number;
  /**
   * Resolves when there is room again; rejects when the client has gone. With a limit, a client that takes nothing for
   * that long is cut off.
   */
  drained(stalledMaxMs?: number): Promise<void>;
  end(): void;
  /** Cuts the answer off. */
  destroy(): void;
}

export interface Exchange {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** A request header by its lower-case name; several lines are joined by ", ". */
  header(name: string): string | undefined;
  /** The names of all request headers, lower-case. */
  readonly headerNames: readonly string[];
  /** Absent when the client showed no certificate, or one that is not ours. */
  readonly peer: PeerIdentity | undefined;
  /** Calls back once when the answer is complete or the client has gone, whichever comes first; at once when that is already so. */
  onClose(listener: () => void): void;
  readonly closed: boolean;
  /** The whole body. Throws `ApiError`: 413 above `maxBytes`, 408 when it comes too slowly, 400 when it is cut off. */
  readBody(maxBytes: number): Promise<Uint8Array>;
  /** Answers at once. */
  respond(status: number, headers: AnswerHeaders, body?: Uint8Array): void;
  /** Starts an answer whose body follows. `compress` is for bodies that are long and not watched live. */
  open(status: number, headers: AnswerHeaders, options?: { readonly compress?: boolean }): ByteSink;
  /** Whether an answer was started. */
  readonly answered: boolean;
  /** Lets what else has come in go first: for whoever has more to do than fits into a moment. */
  turn(): Promise<void>;
  /** Cuts off an answer under way, so that nobody takes a part of it for the whole. */
  abort(): void;
}
