import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionOf, sqliteFileOf } from "./connection-string.ts";
import { layerOfEnvironment, layerOfJson, settingsOf } from "./settings.ts";

const secrets = layerOfJson('{"ConnectionStrings": {"ToDoDb": "Server=todo-db-0", "ToDoDb-ReadOnly": "Server=todo-db-1"}}');
const postgres = layerOfJson('{"Database": {"Provider": "Postgres"}, "ConfigController": {"Enabled": true}}');

test("without any settings, items are in a file", () => {
  const settings = settingsOf([]);
  assert.equal(settings.provider, "Sqlite");
  assert.equal(sqliteFileOf(settings.connection), "todo-list.db");
  assert.deepEqual([settings.isReadOnly, settings.showsSettings], [false, false]);
});

test("files say where the database is, and the environment says more than they", () => {
  const readWrite = settingsOf([postgres, secrets]);
  assert.deepEqual(readWrite, { provider: "Postgres", isReadOnly: false, connection: "Server=todo-db-0", showsSettings: true });
  const readOnly = settingsOf([postgres, secrets, layerOfEnvironment({ Database__ReadOnly: "true" })]);
  assert.deepEqual([readOnly.isReadOnly, readOnly.connection], [true, "Server=todo-db-1"]);
});

test("read-only without a connection of its own reads where it would write", () => {
  const one = layerOfJson('{"connectionstrings": {"tododb": "Server=only"}, "database": {"readonly": true}}');
  assert.equal(settingsOf([postgres, one]).connection, "Server=only");
});

test("a value that makes no sense is named, and what is not JSON is refused", () => {
  assert.throws(() => settingsOf([layerOfEnvironment({ DATABASE__PROVIDER: "MySql" })]), /Database:Provider is "MySql"/);
  assert.throws(() => settingsOf([layerOfEnvironment({ DATABASE__READONLY: "maybe" })]), /Database:ReadOnly is "maybe"/);
  assert.throws(() => layerOfJson("[]"), SyntaxError);
  assert.throws(() => layerOfJson("{"), SyntaxError);
});

test("connection strings, as Npgsql reads them", () => {
  const base = { port: 5432, database: "postgres", user: "postgres", password: "", encryption: "none" };
  const rows: [text: string, connection: object][] = [
    ["Server=db", { ...base, host: "db" }],
    [
      "Server=db;Database=todo;User Id=me;Password=kiamol-2*2*;",
      { ...base, host: "db", database: "todo", user: "me", password: "kiamol-2*2*" },
    ],
    ["Host = db ; Port = 6432 ; Username = me", { ...base, host: "db", port: 6432, database: "me", user: "me" }],
    ["host=db;password='a;b=''c'''", { ...base, host: "db", password: "a;b='c'" }],
    ['host=db;PWD="x""y";Pooling=false', { ...base, host: "db", password: 'x"y' }],
    ["host=db;password=a=b;Timeout=5", { ...base, host: "db", password: "a=b", timeoutMs: 5000 }],
    ["host=db;SSL Mode=Require", { ...base, host: "db", encryption: "unverified" }],
    ["host=db;SSL Mode=VerifyFull", { ...base, host: "db", encryption: "verified" }],
  ];
  for (const [text, connection] of rows) assert.deepEqual(connectionOf(text), connection, text);
  assert.throws(() => connectionOf("Database=todo;Password=secret"), /names no Server/);
  assert.throws(() => connectionOf("Server=db;Port=x"), /Port/);
});
