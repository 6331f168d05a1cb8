/** `api-versions`: the groups and versions that the server serves. */
import { apiVersionOf } from "../../api/kind.ts";
import type { Command } from "../command.ts";
import { usageError } from "../errors.ts";

export const apiVersions: Command = {
  usage: "[flags]",
  about: "Lists the groups of the API and their versions, as manifests name them.",
  flags: [],
  async run({ name, args, flags }, environment) {
    if (args.length > 0) throw usageError(name, `unexpected arguments: [${args.join(" ")}]`);
    const connection = await environment.connect(flags);
    const versions = new Set((await connection.resources.all()).map(apiVersionOf));
    environment.stdout.write(
      [...versions]
        .sort()
        .map((version) => `${version}\n`)
        .join(""),
    );
    return 0;
  },
};
