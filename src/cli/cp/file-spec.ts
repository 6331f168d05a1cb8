/** `[[NAMESPACE/]POD:]PATH`, as `cp` takes it. */
import { CommandError } from "../errors.ts";

export interface FileSpec {
  /** "" for that of the connection. */
  readonly namespace: string;
  /** "" for this machine. */
  readonly pod: string;
  readonly path: string;
}

/** Throws `CommandError`. */
export function parseFileSpec(text: string): FileSpec {
  const at = text.indexOf(":");
  const wrong = (): CommandError => new CommandError("filespec must match the canonical format: [[namespace/]pod:]file/path");
  if (at === 0) throw wrong();
  if (at < 0) return { namespace: "", pod: "", path: text };
  const [first = "", second, ...more] = text.slice(0, at).split("/");
  if (more.length > 0) throw wrong();
  return { namespace: second === undefined ? "" : first, pod: second ?? first, path: text.slice(at + 1) };
}
