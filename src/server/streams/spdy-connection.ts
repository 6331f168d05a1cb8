/** A SPDY connection as its users see it: streams that the client opens, each with headers that say what it is for. */
import type { ByteStream } from "../../api/node-api.ts";

export interface SpdyStream {
  readonly id: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: ByteStream;
}

export interface SpdyConnection {
  /** Ends the connection in order: tells the client, then closes. */
  close(): void;
  readonly closed: boolean;
  onClose(listener: () => void): void;
}
