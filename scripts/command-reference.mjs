// The page about every command on a cluster and its flags, from their declarations.
import { root } from "../src/cli/commands.ts";
import { engineEntries } from "../src/cli/engine/commands.ts";
import { globalFlags } from "../src/cli/global-flags.ts";

/** The page's text. Commands of the engine have a page of their own. */
export async function commandReference() {
  const engine = new Set(engineEntries.map(({ name }) => name));
  const sections = [];
  for (const entry of root.commands) {
    if (entry.section === undefined || engine.has(entry.name)) continue;
    sections.push(...(await commandSections(entry, [])));
  }
  return [
    "<!-- Written by scripts/generate-reference.mjs. -->",
    "",
    "# Commands and flags",
    "",
    "Every command on a cluster with its flags, as `--help` shows them. Where a flag is not explained further it means what it means to kubectl. [How the commands behave](clusters.md) is told elsewhere.",
    "",
    "## Flags of all of them",
    "",
    ...flagTable(globalFlags),
    "",
    ...sections,
  ].join("\n");
}

async function commandSections(entry, parents) {
  const names = [...parents, entry.name];
  const loaded = await entry.load();
  if ("commands" in loaded) return (await Promise.all(loaded.commands.map((each) => commandSections(each, names)))).flat();
  const title = `windlass ${names.join(" ")}`;
  const flags = loaded.flags.filter((flag) => !flag.hidden && flag.deprecated === undefined);
  return [
    `## ${title}`,
    "",
    loaded.about.split("\n")[0],
    "",
    "```",
    `${title} ${loaded.usage}`.trimEnd(),
    "```",
    "",
    ...(flags.length > 0 ? [...flagTable(flags), ""] : []),
  ];
}

function flagTable(flags) {
  return [
    "| Flag | Default | Meaning |",
    "| --- | --- | --- |",
    ...flags
      .filter((flag) => !flag.hidden && flag.deprecated === undefined)
      .map((flag) => {
        const names = [
          ...(flag.short && flag.short !== flag.name ? [`-${flag.short}`] : []),
          flag.name.length === 1 ? `-${flag.name}` : `--${flag.name}`,
        ];
        const initial = flag.default ? `\`${flag.default}\`` : "";
        return `| ${names.map((name) => `\`${name}\``).join(", ")} | ${initial} | ${flag.about.replaceAll("|", "\\|")} |`;
      }),
  ];
}
