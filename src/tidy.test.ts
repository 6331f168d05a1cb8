/** The rules of the house that a machine can check: floors, cycles, outside world, time and chance, leftovers. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const source = dirname(fileURLToPath(import.meta.url));

/**
 * Which floors a floor may import, beside itself. `kinds` is the upper half of api/: a declaration validates and prints with the
 * algorithms of machinery, which in turn knows the nouns of api/ and no kind.
 */
const floors: Readonly<Record<string, readonly string[]>> = {
  base: [],
  api: ["base"],
  machinery: ["base", "api"],
  kinds: ["base", "api", "machinery"],
  store: ["base"],
  server: ["base", "api", "machinery", "kinds", "store"],
  client: ["base", "api", "machinery", "kinds"],
  controllers: ["base", "api", "machinery", "kinds", "client"],
  node: ["base", "api", "machinery", "kinds", "client"],
  release: ["base", "api", "machinery", "kinds", "client"],
  cli: ["base", "api", "machinery", "kinds", "client", "release"],
  web: ["base", "api", "machinery", "kinds", "client", "release"],
  cluster: ["base", "api", "cli", "machinery", "kinds", "store", "server", "client", "controllers", "node", "release"],
  sim: ["base", "api", "machinery", "kinds", "store", "server", "client", "controllers", "node", "release", "cluster"],
};

interface SourceFile {
  /** Relative to src/. */
  readonly path: string;
  readonly text: string;
  /** Relative to src/; only imports within the project. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

function readSources(folder: string = source): SourceFile[] {
  const files: SourceFile[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...readSources(full));
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts")) files.push(readSource(full));
  }
  return files;
}

function readSource(full: string): SourceFile {
  const text = readFileSync(full, "utf8");
  const specifiers = [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
  return {
    path: relative(source, full),
    text,
    imports: specifiers.filter((name) => name.startsWith(".")).map((name) => relative(source, resolve(dirname(full), name))),
    packages: specifiers.filter((name) => !name.startsWith(".")),
  };
}

const files = readSources();
const isTest = (path: string): boolean => /\.(test|suite)\.ts$/.test(path);
const isOutside = (path: string): boolean =>
  path.endsWith(".node.ts") || path === "main.ts" || path === "quick.ts" || path.startsWith("web/") || isTest(path);
const floorOf = (path: string): string =>
  path.startsWith("api/kinds/") || path === "api/registry.ts" ? "kinds" : (path.split("/")[0] ?? "");
const production = files.filter((file) => !isTest(file.path));

test("every import goes down the ladder", () => {
  const wrong: string[] = [];
  for (const file of production) {
    const allowed = floors[floorOf(file.path)];
    if (!allowed) continue;
    for (const target of file.imports) {
      const same = floorOf(target) === floorOf(file.path);
      if (!same && !allowed.includes(floorOf(target)) && !allowed.includes(target)) wrong.push(`${file.path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("no controller imports another controller", () => {
  const wrong: string[] = [];
  for (const file of production.filter((each) => each.path.startsWith("controllers/"))) {
    const own = file.path.split("/")[1];
    for (const target of file.imports) {
      const [floor, other] = target.split("/");
      if (
        floor === "controllers" &&
        other !== own &&
        other !== "runtime" &&
        target.split("/").length > 2 &&
        file.path.split("/").length > 2
      ) {
        wrong.push(`${file.path} imports ${target}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test("no file imports itself through others", () => {
  const byPath = new Map(production.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (finished.has(path)) return;
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    for (const next of byPath.get(path)?.imports ?? []) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const file of production) visit(file.path, []);
  assert.deepEqual(cycles, []);
});

test("only *.node.ts files, main.ts and web/ touch the outside world", () => {
  const pure = new Set(["yaml", "fast-json-patch", "dns-packet"]);
  const wrong = production
    .filter((file) => !isOutside(file.path))
    .flatMap((file) => file.packages.filter((name) => !pure.has(name)).map((name) => `${file.path} imports ${name}`));
  assert.deepEqual(wrong, []);
});

test("time and chance come through base/", () => {
  const forbidden =
    /(^|[^a-zA-Z.])(Date\.now\(|new Date\(|Date\.parse\(|Math\.random\(|performance\.now\(|crypto\.randomUUID\(|randomUUID\(|setTimeout\(|setInterval\()/m;
  const allowed = (path: string): boolean => path.startsWith("base/") || path.startsWith("web/") || isTest(path);
  const wrong = files
    .filter((file) => !allowed(file.path))
    .flatMap((file) =>
      file.text
        .split("\n")
        .filter((line) => forbidden.test(line) && !/^\s*(\*|\/\/)/.test(line))
        .map((line) => `${file.path}: ${line.trim()}`),
    );
  assert.deepEqual(wrong, []);
});

test("text is compared by code unit, never by the machine's language", () => {
  assert.deepEqual(
    files.filter((file) => file.path !== "tidy.test.ts" && /localeCompare|toLocale\w+\(/.test(file.text)).map((file) => file.path),
    [],
  );
});

test("nothing is left unfinished and no test is switched off", () => {
  const leftover = /\b(TODO|FIXME|XXX|HACK)\b|\b(it|test|describe)\.(skip|only|todo)\b|\{ *(skip|todo|only): *(true|")/;
  assert.deepEqual(
    files.filter((file) => file.path !== "tidy.test.ts" && leftover.test(file.text)).map((file) => file.path),
    [],
  );
});

test("every file is used by another file, a test or an entry point", () => {
  const used = new Set(files.flatMap((file) => file.imports));
  const entries = new Set(["main.ts", "quick.ts", "testing.ts", "sim/main.node.ts", "node/network/load-balancer/main.node.ts"]);
  assert.deepEqual(
    production.map((file) => file.path).filter((path) => !used.has(path) && !entries.has(path) && !path.endsWith(".worker.node.ts")),
    [],
  );
});

test("every exported value is used by another file", () => {
  const exported = /^export (?:async )?(?:const|function\*?|class) ([A-Za-z_$][\w$]*)/gm;
  // A catalogue of errors has a predicate for each, asked for or not; the library's users are not here.
  const complete = new Set(["api/errors.ts", "testing.ts"]);
  const users = [...files, ...["scenarios", "bench"].flatMap((folder) => readSources(join(source, "..", folder)))];
  const words = new Map(users.map((file) => [file.path, new Set(file.text.match(/[A-Za-z_$][\w$]*/g))]));
  const unused = production
    .filter((file) => !complete.has(file.path))
    .flatMap((file) => [...file.text.matchAll(exported)].map((match) => ({ path: file.path, name: match[1] as string })))
    .filter(({ path, name }) => users.every((user) => user.path === path || !words.get(user.path)?.has(name)))
    .map(({ path, name }) => `${path} exports ${name}`);
  assert.deepEqual(unused, []);
});

test("every file says what it is for", () => {
  assert.deepEqual(
    files.filter((file) => !isTest(file.path) && !/^(#!.*\n)?\/[/*]/.test(file.text)).map((file) => file.path),
    [],
  );
});
