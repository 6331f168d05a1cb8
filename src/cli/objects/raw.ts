/** --raw of the verbs that send a file as it is. */
import { parseYaml } from "../../machinery/yaml.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import type { Flags } from "../flags.ts";

/** Sends the one file of -f to the path of --raw and prints the answer. Throws `CommandError` for flags that make no sense together. */
export async function sendRaw(
  method: "POST" | "PUT",
  flags: Flags,
  { transport }: Connection,
  { files, stdin, stdout }: Environment,
): Promise<number> {
  const [name = "", ...more] = flags.list("filename");
  if (name === "" || more.length > 0) throw new CommandError("--raw can only use a single local file or stdin");
  if (/^https?:\/\//.test(name)) throw new CommandError("--raw cannot read from a url");
  if (flags.bool("recursive")) throw new CommandError("--raw and --recursive are mutually exclusive");
  if (flags.string("output") !== "") throw new CommandError("--raw and --output are mutually exclusive");
  const text = name === "-" ? await stdin.text() : new TextDecoder().decode(await files.read(name));
  const { body } = await transport.must({
    method,
    path: flags.string("raw"),
    headers: { accept: "application/json, */*", "content-type": "application/json" },
    body: JSON.stringify(parseYaml(text)),
  });
  stdout.write(body);
  return 0;
}
