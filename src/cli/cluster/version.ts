/** `version`: of this program and of the server. */
import { NoContextError } from "../../client/kubeconfig.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../errors.ts";
import { toJsonText } from "../printing/json.ts";
import { toYamlText } from "../printing/yaml.ts";

export const version: Command = {
  usage: "[flags]",
  about: "Prints the version of this program, and that of the server where one is named.",
  flags: [
    { name: "client", about: "only of this program; asks no server" },
    { name: "output", short: "o", type: "string", about: "yaml or json" },
  ],
  async run({ flags }, environment) {
    const output = flags.string("output");
    if (!["", "json", "yaml"].includes(output)) throw new CommandError("--output must be 'yaml' or 'json'");
    const client = { gitVersion: `v${environment.version}` };
    let server: { gitVersion?: string } | undefined;
    let problem: unknown;
    if (!flags.bool("client")) {
      try {
        const { transport } = await environment.connect(flags);
        server = JSON.parse(new TextDecoder().decode((await transport.must({ method: "GET", path: "/version" })).body));
      } catch (error) {
        // Nobody to ask is no error: this program's own version is told.
        if (!(error instanceof NoContextError)) problem = error;
      }
    }
    if (output === "") {
      environment.stdout.write(`Client Version: ${client.gitVersion}\n${server ? `Server Version: ${server.gitVersion}\n` : ""}`);
    } else {
      const both = { clientVersion: client, ...(server && { serverVersion: server }) };
      environment.stdout.write(
        output === "json" ? toJsonText(both).replace(/^( +)/gm, (spaces) => spaces.slice(spaces.length / 2)) : toYamlText(both),
      );
    }
    if (problem) throw problem;
    return 0;
  },
};
