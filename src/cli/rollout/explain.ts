/** `rollout explain`: why a rollout is where it is. */
import { explain, verdictOf } from "../../release/explain/explain.ts";
import { gather, readLogOver } from "../../release/explain/gather.ts";
import { explanationDocument, explanationLines, headline } from "../../release/explain/render.ts";
import { observe } from "../../release/observe.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../errors.ts";
import { toJsonText } from "../printing/json.ts";
import { toYamlText } from "../printing/yaml.ts";
import { worstCode } from "./exit-codes.ts";
import { findWorkloads, placeFlags, workloadFlags } from "./find-workloads.ts";
import { type Terminal, terminalFlags, terminalOf } from "./terminal.ts";

export const explainRollout: Command = {
  usage: "(TYPE NAME | TYPE/NAME ... | -l label | -A) [flags]",
  about:
    "Says in one sentence per cause why a rollout is not complete: what shows it (a container's state, an event, the end of a log) and the command that leads out. The exit code is 0 when it is complete or getting on, 10 when it cannot succeed without a change, 11 when it waits for somebody, 12 when something is in its way.",
  examples: `  # Why is it stuck?
  windlass rollout explain deployment/web

  # Everything in the namespace that is not complete
  windlass rollout explain -A

  # For a program
  windlass rollout explain statefulset/db -o json`,
  flags: [
    ...workloadFlags,
    { name: "output", short: "o", type: "string", about: "json or yaml instead of text" },
    { name: "log-lines", type: "int", default: "10", about: "how many lines of a failed container's log to show; 0: none" },
    ...terminalFlags,
  ],
  completes: "workloads",
  async run({ args, flags }, environment) {
    const output = flags.string("output");
    if (!["", "json", "yaml"].includes(output))
      throw new CommandError(
        `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: json,yaml`,
      );
    const terminal = terminalOf(environment, flags);
    const connection = await environment.connect(flags);
    try {
      const { client, transport } = connection;
      const workloads = await findWorkloads(environment, connection, args, flags);
      const readLog = readLogOver(transport);
      const all = await Promise.all(
        workloads.map(async ({ kind, key }) => {
          const snapshot = await observe(client, kind, key, environment.world.clock.now());
          const related = await gather(snapshot, { client, readLog, logLines: flags.int("log-lines") });
          const explanations = explain(snapshot, related, { nowMs: environment.world.clock.now(), flags: placeFlags(flags) });
          return { snapshot, explanations };
        }),
      );
      if (output !== "") {
        const documents = all.map(({ snapshot, explanations }) => explanationDocument(snapshot, explanations));
        const document = documents.length === 1 ? documents[0] : documents;
        environment.stdout.write(output === "json" ? toJsonText(document) : toYamlText(document));
      } else if (all.length === 0) environment.stderr.write("No workloads found.\n");
      else {
        const withNamespace = new Set(workloads.map(({ key }) => key.namespace)).size > 1 || flags.bool("all-namespaces");
        const blocks = all.map(({ snapshot, explanations }) =>
          [headline(snapshot, explanations, { withNamespace }), ...explanationLines(explanations)]
            .map((line) => `${shown(line, terminal)}\n`)
            .join(""),
        );
        environment.stdout.write(blocks.join("\n"));
      }
      return worstCode(all.map(({ snapshot, explanations }) => verdictOf(snapshot, explanations)));
    } finally {
      connection.close();
    }
  },
};

/** By the mark at the beginning of a line. */
const colours: Readonly<Record<string, string>> = { "✗": "31", "!": "33", "…": "2", "·": "2" };

function shown(line: string, { colour, lettering }: Terminal): string {
  const text = lettering.text(line);
  const code = colours[line[0] ?? ""];
  return colour && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text;
}
