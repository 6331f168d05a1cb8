/** A WebSocket of the API that carries numbered channels: exec, attach and port-forward (API-101). */

/** One open connection. */
export interface ChannelSocket {
  /** What both sides agreed on, such as `v5.channel.k8s.io`. */
  readonly protocol: string;
  /** Resolves when the bytes are on their way, so that whoever waits for it never piles them up. */
  send(channel: number, bytes: Uint8Array): Promise<void>;
  /** Says that nothing more comes on a channel; without effect in protocols older than v5. */
  endChannel(channel: number): void;
  close(): void;
}

export interface ChannelHandler {
  message(channel: number, bytes: Uint8Array): void;
  /** Once, when the connection has ended; with an error when it broke. */
  end(error?: Error): void;
}

/**
 * Connects to a path of the API with one of the protocols, the preferred one first. Rejects with `ApiError` where the server
 * refuses and `ConnectionError` where it can't be reached.
 */
export type OpenChannels = (path: string, protocols: readonly string[], handler: ChannelHandler) => Promise<ChannelSocket>;
