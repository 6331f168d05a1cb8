/**
 * What the application is told: JSON files and environment variables, merged into one set of names. Names are compared without
 * regard to case; `Database: {ReadOnly: true}` in a file and `Database__ReadOnly=true` in the environment are the same one.
 */

/** Names in lower case with `:` between their parts, to values as text. */
export type Layer = ReadonlyMap<string, string>;

export interface Settings {
  readonly provider: "Postgres" | "Sqlite";
  /** Items can be looked at and not added; the connection is then the one for reading. */
  readonly isReadOnly: boolean;
  /** How to reach the database, as `connection-string.ts` reads it. It may hold a password. */
  readonly connection: string;
  /** Whether `/config` shows what is set, passwords left out. */
  readonly showsSettings: boolean;
}

const defaults: Layer = new Map([
  ["database:provider", "Sqlite"],
  ["database:readonly", "false"],
  ["configcontroller:enabled", "false"],
  ["connectionstrings:tododb", "Filename=todo-list.db"],
]);

/** Flattens what a JSON file says. Throws a SyntaxError where the text is not a JSON object. */
export function layerOfJson(text: string): Layer {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("not a JSON object");
  const layer = new Map<string, string>();
  const add = (path: string, part: unknown): void => {
    if (typeof part !== "object" || part === null) layer.set(path.toLowerCase(), part === null ? "" : String(part));
    else for (const [name, inner] of Object.entries(part)) add(path === "" ? name : `${path}:${name}`, inner);
  };
  add("", value);
  return layer;
}

/** The environment as a layer: `__` stands between the parts of a name. */
export function layerOfEnvironment(environment: Readonly<Record<string, string | undefined>>): Layer {
  const entries = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new Map(entries.map(([name, value]) => [name.replaceAll("__", ":").toLowerCase(), value]));
}

/** Settings from layers, later ones over earlier ones. Throws where a value makes no sense, naming it but never a connection. */
export function settingsOf(layers: readonly Layer[]): Settings {
  const merged = new Map<string, string>();
  for (const layer of [defaults, ...layers]) for (const [name, value] of layer) merged.set(name, value);
  const text = (name: string): string => merged.get(name.toLowerCase())?.trim() ?? "";
  const provider = (["Postgres", "Sqlite"] as const).find((known) => known.toLowerCase() === text("Database:Provider").toLowerCase());
  if (!provider) throw new Error(`Database:Provider is "${text("Database:Provider")}" and should be Postgres or Sqlite`);
  const isReadOnly = flag("Database:ReadOnly", text("Database:ReadOnly"));
  const forReading = text("ConnectionStrings:ToDoDb-ReadOnly");
  return {
    provider,
    isReadOnly,
    connection: isReadOnly && forReading !== "" ? forReading : text("ConnectionStrings:ToDoDb"),
    showsSettings: flag("ConfigController:Enabled", text("ConfigController:Enabled")),
  };
}

function flag(name: string, value: string): boolean {
  const known = { true: true, false: false, "": false }[value.toLowerCase()];
  if (known === undefined) throw new Error(`${name} is "${value}" and should be true or false`);
  return known;
}
