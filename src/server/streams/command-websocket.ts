/** exec and attach over WebSocket channels: 0 stdin, 1 stdout, 2 stderr, 3 the end, 4 terminal sizes (API-101). */
import type { PodTarget } from "./pod-target.ts";
import { type RemoteCommand, runRemoteCommand, statusText } from "./remote-command.ts";
import type { Channels } from "./channels.ts";

const encoder = new TextEncoder();
const stdin = 0;

/** Runs the command on an open WebSocket, tells how it ended and closes. */
export async function serveWebSocketCommand(
  channels: Channels,
  protocol: string,
  target: PodTarget,
  command: RemoteCommand,
): Promise<void> {
  const controller = new AbortController();
  channels.onClose(() => controller.abort());
  channels.onCloseChannel((number) => {
    // Only the client's own output can be half-closed; it is how `echo x | kubectl exec -i` ends.
    if (number === stdin) channels.endChannel(stdin);
  });
  const streams = {
    stdin: command.stdin ? channels.channel(stdin) : undefined,
    stdout: command.stdout ? channels.channel(1) : undefined,
    stderr: command.stderr ? channels.channel(2) : undefined,
    resize: command.tty ? channels.channel(4) : undefined,
  };
  const status = await runRemoteCommand(target, command, streams, controller.signal);
  const text = /^v[45]/.test(protocol) ? JSON.stringify(status) : statusText(status);
  if (text !== "") {
    await channels
      .channel(3)
      .write(encoder.encode(text))
      .catch(() => {});
  }
  channels.close();
}
