/** Connection strings of the form `Server=db;Database=todo;User Id=me;Password=secret;`, with the names that Npgsql gives to their parts. */

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** How long making a connection may take; the application's own limit when it is absent. */
  readonly timeoutMs?: number;
  /** `verified` also checks whose certificate it is. */
  readonly encryption: "none" | "unverified" | "verified";
}

const defaultPort = 5432;
const names = {
  host: ["host", "server", "data source"],
  port: ["port"],
  database: ["database", "db", "initial catalog"],
  user: ["username", "user id", "userid", "user name", "user", "uid"],
  password: ["password", "pwd", "psw"],
  timeout: ["timeout", "connection timeout"],
  encryption: ["ssl mode", "sslmode"],
  file: ["filename", "data source", "datasource"],
} as const;

/** Reads a connection to PostgreSQL. Parts it has no use for are passed over. Throws where the host is missing or a number is none. */
export function connectionOf(text: string): Connection {
  const parts = partsOf(text);
  const part = (name: keyof typeof names): string | undefined => partNamed(parts, name);
  const host = part("host");
  if (!host) throw new Error("the connection string names no Server");
  const user = part("user") ?? "postgres";
  const seconds = part("timeout");
  const mode = (part("encryption") ?? "").toLowerCase().replace(/[-_]/g, "");
  return {
    host,
    port: numberOf("Port", part("port") ?? String(defaultPort)),
    database: part("database") ?? user,
    user,
    password: part("password") ?? "",
    ...(seconds !== undefined && numberOf("Timeout", seconds) > 0 && { timeoutMs: numberOf("Timeout", seconds) * 1000 }),
    encryption: mode === "require" ? "unverified" : mode.startsWith("verify") ? "verified" : "none",
  };
}

/** Reads the path of an SQLite database. Throws where there is none. */
export function sqliteFileOf(text: string): string {
  const file = partNamed(partsOf(text), "file");
  if (!file) throw new Error("the connection string names no Filename");
  return file;
}

/** Pairs of a string: `;` stands between them, a value may be quoted, and a doubled quote in it stands for one. */
function partsOf(text: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const [, name = "", double, single, plain = ""] of text.matchAll(
    /\s*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;]*))\s*(?:;|$)/g,
  )) {
    const value = double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? plain.trim();
    parts.set(name.toLowerCase(), value);
  }
  return parts;
}

function partNamed(parts: ReadonlyMap<string, string>, name: keyof typeof names): string | undefined {
  for (const known of names[name]) if (parts.has(known)) return parts.get(known);
  return undefined;
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new Error(`${name} in the connection string is not a whole number`);
  return number;
}
