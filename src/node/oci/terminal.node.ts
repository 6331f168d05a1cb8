/** Commands with a terminal. conmon holds the terminal; its socket is spoken to as in an attach. */
import type { ExecResult } from "../../api/node-api.ts";
import type { ExecRequest } from "./exec.node.ts";

export async function execWithTerminal(_request: ExecRequest): Promise<ExecResult> {
  throw new Error("not yet");
}
