/** GET pods/NAME/log: a container's output as text, following it when asked (API-104). */
import { badRequest, field, invalid } from "../../api/errors.ts";
import type { LogOptions } from "../../api/node-api.ts";
import { parseTime } from "../../base/time.ts";
import { answerHeaders } from "../http/answer.ts";
import type { ByteSink, Exchange } from "../http/exchange.ts";
import { integerParameter } from "../http/parameters.ts";
import { isTrue } from "../http/request-info.ts";
import type { SubresourceHandler } from "../http/resources.ts";
import { containerOf, type PodTargets } from "./pod-target.ts";

const streams = ["All", "Stdout", "Stderr"];

function logOptions(query: URLSearchParams, container: string): LogOptions {
  const integer = (name: string, min: number, detail: string) => {
    const value = integerParameter(query, name);
    if (value !== undefined && value < min) problems.push(field.invalid(name, value, detail));
    return value;
  };
  const problems: ReturnType<typeof field.invalid>[] = [];
  const tailLines = integer("tailLines", 0, "must be greater than or equal to 0");
  const limitBytes = integer("limitBytes", 1, "must be greater than 0");
  const sinceSeconds = integer("sinceSeconds", 1, "must be greater than 0");
  const sinceTime = query.get("sinceTime") || undefined;
  const stream = query.get("stream") || undefined;
  if (sinceTime !== undefined && parseTime(sinceTime) === undefined) throw badRequest(`invalid sinceTime: ${JSON.stringify(sinceTime)}`);
  if (sinceTime !== undefined && sinceSeconds !== undefined) {
    problems.push(field.forbidden("sinceSeconds", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  if (stream !== undefined && !streams.includes(stream)) problems.push(field.notSupported("stream", stream, streams));
  if (problems.length > 0) throw invalid({ group: "", resource: "podlogoptions", kind: "PodLogOptions", name: "" }, problems);
  return {
    container,
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
    ...(sinceTime !== undefined && { sinceTime }),
    ...(stream !== undefined && { stream }),
  };
}

const plainText = answerHeaders("text/plain", []);

/** Writes what a container has said. Throws before the first byte what is wrong with the question. */
export async function writePodLog(
  targets: PodTargets,
  { key, query }: { readonly key: Parameters<PodTargets["pod"]>[0]; readonly query: URLSearchParams },
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const pod = await targets.pod(key);
  const options = logOptions(query, containerOf(pod, query.get("container") ?? undefined));
  // A Pod that no node has yet has said nothing.
  if (!pod.spec?.nodeName) return;
  const { node, ref } = await targets.find(key);
  await node.logs(ref, options, write, signal);
}

/** Serves logs. Errors that come before the first byte are answered as a `Status`; the head goes out with that byte, or soon. */
export function podLogs(targets: PodTargets): SubresourceHandler {
  return async ({ exchange, info, key }) => {
    const controller = new AbortController();
    exchange.onClose(() => controller.abort());
    const sink = lazySink(exchange);
    const write = async (bytes: Uint8Array): Promise<void> => {
      if (!sink.open().write(bytes)) await sink.open().drained();
    };
    await writePodLog(targets, { key, query: info.query }, write, controller.signal);
    sink.open().end();
  };
}

/** Starts the answer when there is something to say, so that a refusal can still have a status of its own. */
function lazySink(exchange: Exchange): { open(): ByteSink } {
  let sink: ByteSink | undefined;
  return { open: () => (sink ??= exchange.open(200, plainText)) };
}
