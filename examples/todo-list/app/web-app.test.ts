/** What people and proxies get from the application, over real HTTP, whatever its database does. */
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { Settings } from "./settings.ts";
import { StoreAwayError, StoreReadOnlyError, type TodoItem, type TodoStore } from "./todo-store.ts";
import { webApp } from "./web-app.ts";

/** A store in memory whose calls fail as it is told. */
function memoryStore(): TodoStore & { failure: Error | undefined; readonly items: TodoItem[] } {
  const items: TodoItem[] = [];
  const store = {
    place: "db.example",
    items,
    failure: undefined as Error | undefined,
    fail() {
      if (store.failure) throw store.failure;
    },
    async list() {
      store.fail();
      return { items: items.toReversed(), total: items.length };
    },
    async add(item: { id: string; text: string }) {
      store.fail();
      if (!items.some(({ id }) => id === item.id)) items.push({ ...item, addedAt: new Date() });
    },
    async ping() {
      store.fail();
    },
    async close() {},
  };
  return store;
}

async function start(t: TestContext, more: Partial<Settings> = {}) {
  const settings: Settings = { provider: "Postgres", isReadOnly: false, connection: "Password=hidden", showsSettings: true, ...more };
  const store = memoryStore();
  const lines: string[] = [];
  const server = createServer(webApp({ server: "todo-web-1", current: () => ({ settings, store }), log: (line) => lines.push(line) }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (path: string, options: RequestInit = {}) => {
    const response = await fetch(base + path, { redirect: "manual", ...options });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    ask("/new", { method: "POST", body: new URLSearchParams(fields), headers });
  return { base, store, lines, ask, post };
}

test("the first page leads to the list and the form, and an item that is added is in the list", async (t) => {
  const { ask, post } = await start(t);
  const home = await ask("/");
  assert.equal(home.status, 200);
  assert.match(home.text, /href="\/list"/);
  assert.match(home.text, /href="\/new"/);
  const form = await ask("/new");
  const id = /name="id" value="([^"]+)"/.exec(form.text)?.[1] ?? "";
  assert.match(form.text, /<label for="item">/);
  assert.equal(form.headers.get("cache-control"), "no-store", "two people must not be given the same form");
  const added = await post({ id, item: "  buy\tmilk " });
  assert.equal(added.status, 303);
  const list = await ask(added.headers.get("location") ?? "");
  assert.match(list.text, /<li class="added"><span>buy milk<\/span>/);
  assert.match((await ask("/")).text, /1 thing to be done/);
  assert.equal((await post({ id, item: "buy milk" })).status, 303);
  assert.match((await ask("/")).text, /1 thing to be done/, "a form sent twice adds one item");
});

test("text from outside is text on the page", async (t) => {
  const { ask, post } = await start(t);
  await post({ item: `<script>alert("x")</script> & 'more'` });
  const { text, headers } = await ask("/list?added=%22%3E%3Cscript%3E");
  assert.doesNotMatch(text, /<script/);
  assert.match(text, /&#60;script&#62;alert\(&#34;x&#34;\)&#60;\/script&#62; &#38; &#39;more&#39;/);
  assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
});

test("what is no item is said beside the form, which keeps what was typed", async (t) => {
  const { store, post } = await start(t);
  for (const item of ["", "   ", "\u0000", "x".repeat(201)]) {
    const { status, text } = await post({ item });
    assert.equal(status, 422);
    assert.match(text, /role="alert"/);
  }
  assert.match((await post({ item: "y".repeat(201) })).text, /value="y{201}"/);
  assert.equal((await post({ item: "🎉".repeat(200) })).status, 303);
  assert.equal(store.items.length, 1);
});

test("read-only: no form is offered, and a sent one is turned down with a page", async (t) => {
  const { store, ask, post } = await start(t, { isReadOnly: true });
  for (const page of ["/", "/list"]) {
    const { status, text } = await ask(page);
    assert.equal(status, 200);
    assert.doesNotMatch(text, /href="\/new"/);
    assert.match(text, /read-only/);
  }
  for (const { status, text } of [await ask("/new"), await post({ item: "no" })]) {
    assert.equal(status, 403);
    assert.match(text, /<h1>Read-only<\/h1>/);
  }
  assert.equal(store.items.length, 0);
});

test("while the database is away: 503 with a plain page, and two lines in the log", async (t) => {
  const { store, lines, ask, post } = await start(t);
  store.failure = new StoreAwayError("connect ECONNREFUSED 10.0.0.1:5432");
  for (const answer of [await ask("/"), await ask("/list"), await post({ item: "later" }), await ask("/ready")]) {
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("retry-after"), "2");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.match(answer.text, /The database does not answer\./);
    assert.doesNotMatch(answer.text, /ECONNREFUSED|10\.0\.0\.1|hidden|\.ts:/);
  }
  assert.equal((await ask("/healthz")).status, 200);
  assert.equal((await ask("/new")).status, 200);
  store.failure = undefined;
  assert.equal((await post({ item: "now" })).status, 303);
  assert.equal((await ask("/ready")).status, 200);
  assert.deepEqual(
    lines.filter((line) => line.includes("database")).map((line) => line.replace(/after .*/, "after")),
    ["the database db.example is away: connect ECONNREFUSED 10.0.0.1:5432", "the database db.example answers again after"],
  );
});

test("a database that takes no writes, and a fault: a page each, and never the reason", async (t) => {
  const { store, lines, ask, post } = await start(t);
  store.failure = new StoreReadOnlyError("cannot execute INSERT in a read-only transaction");
  assert.equal((await post({ item: "no" })).status, 403);
  store.failure = new Error("relation\n  broken");
  const { status, text } = await ask("/list");
  assert.equal(status, 500);
  assert.doesNotMatch(text, /broken/);
  assert.ok(lines.includes("error: GET /list: relation broken"));
});

test("the list may be kept for a second by a proxy, the style sheet for longer, and no browser keeps the list", async (t) => {
  const { base, ask } = await start(t);
  const list = await ask("/list");
  assert.deepEqual([list.headers.get("x-accel-expires"), list.headers.get("cache-control")], ["1", "no-cache"]);
  assert.equal(list.headers.get("set-cookie"), null, "a page with a cookie is kept by no proxy");
  const raw: string[] = await new Promise((resolve, reject) => {
    request(`${base}/list`, (response) => {
      response.resume();
      resolve(response.rawHeaders.map((name) => name.toLowerCase()));
    })
      .on("error", reject)
      .end();
  });
  assert.ok(raw.indexOf("x-accel-expires") < raw.indexOf("cache-control"), "nginx heeds the one that comes first");
  const style = await ask("/static/style.css");
  assert.deepEqual([style.headers.get("cache-control"), style.headers.get("content-type")], ["max-age=60", "text/css; charset=utf-8"]);
});

test("requests that are none of ours", async (t) => {
  const { base, store, ask, post } = await start(t);
  assert.equal((await ask("/nowhere")).status, 404);
  assert.equal((await ask("/constructor")).status, 404);
  const deleted = await ask("/list", { method: "DELETE" });
  assert.deepEqual([deleted.status, deleted.headers.get("allow")], [405, "GET"]);
  assert.equal((await ask("/new", { method: "POST", body: "{}", headers: { "content-type": "application/json" } })).status, 415);
  assert.equal((await post({ item: "x" }, { "sec-fetch-site": "cross-site" })).status, 403);
  const head = await ask("/list", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  const tooLong = await new Promise((resolve, reject) => {
    const sent = request(
      `${base}/new`,
      { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    sent.on("error", reject);
    sent.write(`item=${"x".repeat(20_000)}`);
  });
  assert.equal(tooLong, 413, "the answer comes before the body has ended");
  assert.equal(store.items.length, 0);
});

test("the configuration page shows no connection, and only where it is asked for", async (t) => {
  const open = await start(t);
  const { text } = await open.ask("/config");
  assert.match(text, /db\.example/);
  assert.doesNotMatch(text, /hidden/);
  const closed = await start(t, { showsSettings: false });
  assert.equal((await closed.ask("/config")).status, 404);
});
