/** What a container said at its end: its termination message, or the end of its log where the Pod asks for that. */
import type { PodFiles, Runtime } from "../runtime.ts";
import type { ContainerRecord, DeclaredContainer } from "./container-record.ts";
import { terminationFile } from "./container-spec.ts";

const messageMaxBytes = 4096;
const logLinesMax = 80;
const logMaxCharacters = 2048;

/** Undefined: it said nothing. */
export async function lastWords(
  deps: { readonly files: PodFiles; readonly runtime: Runtime },
  podUid: string,
  { spec }: DeclaredContainer,
  record: ContainerRecord,
): Promise<string | undefined> {
  const { files, runtime } = deps;
  const { id, exitCode } = record;
  if (files.discards || id === undefined) return undefined;
  const text = await files.readFile(podUid, terminationFile(record.name, record.attempt), messageMaxBytes);
  if (text !== undefined && text !== "") return text;
  if (spec.terminationMessagePolicy !== "FallbackToLogsOnError" || exitCode === 0) return undefined;
  const pieces: string[] = [];
  const decoder = new TextDecoder("utf-8");
  const sink = async (bytes: Uint8Array): Promise<void> => void pieces.push(decoder.decode(bytes, { stream: true }));
  // A log that can't be read is no reason to hold the container's end back.
  await runtime.logs(id, { tailLines: logLinesMax }, sink, new AbortController().signal).catch(() => {});
  return pieces.join("").slice(-logMaxCharacters) || undefined;
}
