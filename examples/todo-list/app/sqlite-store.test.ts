import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { SqliteStore } from "./sqlite-store.ts";
import { todoStoreSuite } from "./todo-store.suite.ts";

const scratch = mkdtempSync(join(tmpdir(), "todo-list-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
let number = 0;

todoStoreSuite("SQLite", async () => {
  const file = join(scratch, `${number++}.db`);
  return { open: ({ isReadOnly }) => new SqliteStore({ file, isReadOnly }) };
});
