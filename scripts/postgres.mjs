// The distribution's PostgreSQL for tests: unpacked, never installed, so that no server is started on the machine.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fromDebian } from "./images/debian.mjs";

/** The folder of its programs, and those of the libraries that they need, as LD_LIBRARY_PATH takes them. */
export function ensurePostgres() {
  const debian = fromDebian(["postgresql"]);
  const versions = debian.in("postgresql", "usr/lib/postgresql");
  // The C library is the machine's own, which its loader belongs to.
  const libraries = debian.packages
    .filter((name) => name.startsWith("lib") && name !== "libc6")
    .flatMap((name) => ["usr/lib", "lib"].map((folder) => debian.in(name, folder)))
    .filter(existsSync)
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith("-linux-gnu"))
        .map((name) => join(folder, name)),
    );
  return { bin: join(versions, readdirSync(versions)[0], "bin"), libraries: libraries.join(":") };
}
