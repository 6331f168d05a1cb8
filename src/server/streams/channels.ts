/** A connection of numbered channels, as exec and the older port-forward use a WebSocket (API-101). */
import type { ByteStream } from "../../api/node-api.ts";

export interface Channels {
  /** The channel's stream; made when first asked for. What comes for channels nobody asked for is dropped. */
  channel(number: number): ByteStream;
  /** Calls back for every message on channel 255, which closes another one (v5). */
  onCloseChannel(listener: (number: number) => void): void;
  /** Ends what the client may send on a channel. */
  endChannel(number: number): void;
  onClose(listener: () => void): void;
  /** Sends what waits, then closes. */
  close(): void;
}
