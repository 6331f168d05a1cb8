/** The documents speak of files that exist, link to pages that exist, and name no place where the project was made. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CommandEntry } from "./cli/command.ts";
import { engineEntries } from "./cli/engine/commands.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function pagesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pagesIn(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

const pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", ...pagesIn("docs")].map((path) => ({
  path,
  text: readFileSync(join(root, path), "utf8"),
}));
/** Words in code spans that look like paths of this repository. */
const pathPattern = /`((?:src|scripts|docs|bench|scenarios|examples|bin)\/[\w./-]*[\w/])`/g;

test("every path that a document names exists", () => {
  const missing = pages.flatMap(({ path, text }) =>
    [...text.matchAll(pathPattern)]
      // NAME stands for any.
      .filter(([, named = ""]) => !/\bNAME\b/.test(named) && !existsSync(join(root, named)))
      .map(([, named]) => `${path}: ${named}`),
  );
  assert.deepEqual(missing, []);
});

test("every link between documents leads somewhere, headings included", () => {
  const broken: string[] = [];
  for (const { path, text } of pages) {
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = "", heading] = target.split("#");
      const full = file === "" ? join(root, path) : join(root, dirname(path), file);
      if (!existsSync(full)) broken.push(`${path}: ${target}`);
      else if (heading !== undefined && !headingsOf(readFileSync(full, "utf8")).includes(heading)) broken.push(`${path}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("every page of the reference is in its index", () => {
  const index = readFileSync(join(root, "docs/reference/README.md"), "utf8");
  const absent = pagesIn("docs/reference")
    .map((path) => relative("docs/reference", path))
    .filter((name) => name !== "README.md" && !index.includes(`(${name})`));
  assert.deepEqual(absent, []);
});

test("every flag of the engine's commands is in their reference, and no other", async () => {
  const declared = new Set<string>();
  const collect = async (entries: readonly CommandEntry[]): Promise<void> => {
    for (const entry of entries) {
      const command = await entry.load();
      if ("commands" in command) await collect(command.commands);
      else for (const { name } of command.flags) declared.add(`--${name}`);
    }
  };
  await collect(engineEntries);
  // What other programs are told on that page is their affair, and some flags belong to no command.
  const page = readFileSync(join(root, "docs/reference/cli.md"), "utf8").replaceAll(/`kubectl[^`]*`/g, "");
  const documented = new Set(
    (page.match(/--[a-z]+(-[a-z]+)*/g) ?? []).filter((flag) => !["--help", "--version", "--client"].includes(flag)),
  );
  assert.deepEqual([...documented].sort(), [...declared].sort());
});

test("the page of annotations lists every name under windlass.dev that the source knows, and no other", () => {
  const names = (text: string): string[] => text.match(/(?<![\w.])windlass\.dev\/[a-z][a-z-]*/g) ?? [];
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /(?<!\.test|\.suite)\.ts$/.test(name),
  );
  const known = new Set(sources.flatMap((name) => names(readFileSync(join(root, "src", name), "utf8"))));
  const page = readFileSync(join(root, "docs/reference/annotations.md"), "utf8");
  assert.deepEqual([...new Set(names(page))].sort(), [...known].sort());
});

test("every annotation that a simulated node reads is in the reference", () => {
  const source = readFileSync(join(root, "src/node/simulated/annotations.ts"), "utf8");
  const known = new Set([...source.matchAll(/\b(?:number|text)\("([a-z-]+)"/g)].map(([, name]) => name));
  const page = readFileSync(join(root, "docs/reference/simulated-nodes.md"), "utf8");
  const documented = new Set([...page.matchAll(/^\| `simulated\.windlass\.dev\/([a-z-]+)`/gm)].map(([, name]) => name));
  assert.deepEqual([...documented].sort(), [...known].sort());
});

function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, "")
      .replace(/\s/g, "-"),
  );
}
