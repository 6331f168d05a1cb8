/** Runs an editor on a file that is made for it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { EditedFile } from "./command.ts";

/** See `Environment.edit`. Throws `Error` with kubectl's words. */
export function editFile(editor: string, text: string, suffix: string): EditedFile {
  const path = join(mkdtempSync(join(tmpdir(), "windlass-edit-")), `edit${suffix}`);
  const discard = (): void => rmSync(dirname(path), { recursive: true, force: true });
  writeFileSync(path, text, { mode: 0o600 });
  // What has quotes in it is for a shell to read; else words are words, and a program that is not there is told from one that failed.
  const needsShell = /["'\\]/.test(editor);
  const [program = "", ...words] = needsShell ? ["sh", "-c", `${editor} "$1"`, "edit", path] : [...editor.split(" ").filter(Boolean), path];
  const { status, error } = spawnSync(program, words, { stdio: "inherit" });
  if (error || status !== 0) {
    discard();
    const quoted = JSON.stringify(editor);
    throw new Error(error ? `unable to launch the editor ${quoted}` : `there was a problem with the editor ${quoted}`, { cause: error });
  }
  return { text: readFileSync(path, "utf8"), path, discard };
}
