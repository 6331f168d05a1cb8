/** Requests to one API server by path, below the level of objects. */

export interface RawRequest {
  readonly method: string;
  /** With its query, below the server's own prefix. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Gives up, with `ConnectionError`. Absent: the transport's own, if it has one. */
  readonly timeoutMs?: number;
}

/** Names are lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface StreamHandler {
  /** The answer has begun and is a success. */
  begin?(headers: Headers): void;
  data(chunk: Uint8Array): void;
  /** Once. With `ApiError` when the server refused, `ConnectionError` when the connection broke. Not after `close`. */
  end(error?: Error): void;
}

export interface Transport {
  /** `https://host:port/prefix`. */
  readonly server: string;
  /** Answers whatever the status is. Throws `ConnectionError` or `KubeconfigError`. */
  request(request: RawRequest): Promise<RawResponse>;
  /** As `request`, but throws `ApiError` unless the status is a success. */
  must(request: RawRequest): Promise<RawResponse>;
  /** Hands the body over as it comes. */
  stream(request: RawRequest, handler: StreamHandler): { close(): void };
  /** Closes all connections. */
  close(): void;
}
