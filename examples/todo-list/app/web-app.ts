/**
 * Answers requests: which page, with which status, and what a cache may keep of it. A request that fails is a page that says
 * so in plain words; reasons are for the log, and details of the database for nobody.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { homePage, listPage, messagePage, newPage, type Surroundings, settingsPage, style, textMax } from "./pages.ts";
import type { Settings } from "./settings.ts";
import { StoreAwayError, StoreReadOnlyError, type TodoStore } from "./todo-store.ts";

export interface WebAppOptions {
  /** Name of the Pod or machine that answers, for the foot of each page. */
  readonly server: string;
  /** What is set now, and the store that belongs to it. */
  readonly current: () => { readonly settings: Settings; readonly store: TodoStore };
  /** Takes one line for each event. */
  readonly log: (line: string) => void;
}

/** What goes back. `cacheSeconds` is for a proxy before the application; a browser always asks. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cacheSeconds?: number;
}

type Handler = (asked: Asked) => Promise<Answer> | Answer;

interface Asked {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly settings: Settings;
  readonly store: TodoStore;
  readonly around: Surroundings;
}

const bodyMaxBytes = 16 * 1024;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A second is enough to bear a crowd, and a proxy that keeps the page may go on showing it while the database is away. */
const pageCacheSeconds = 1;
const styleCacheSeconds = 60;
const retryAfterSeconds = 2;

const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  "/": { GET: home },
  "/list": { GET: list },
  "/new": { GET: form, POST: add },
  "/config": { GET: showSettings },
  "/static/style.css": { GET: () => ({ status: 200, body: style, type: "text/css", cacheSeconds: styleCacheSeconds }) },
  "/healthz": { GET: () => ({ status: 200, body: "ok\n", type: "text/plain" }) },
  "/ready": { GET: ready },
};

/** The application as a listener for an HTTP server. */
export function webApp(options: WebAppOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { current, log, server } = options;
  let awaySince: number | undefined;

  /** Says when the database goes and when it is back, and nothing in between. */
  function note(place: string, error?: unknown): void {
    if (error instanceof StoreAwayError && awaySince === undefined) {
      awaySince = performance.now();
      log(`the database ${place} is away: ${error.message}`);
    } else if (error === undefined && awaySince !== undefined) {
      log(`the database ${place} answers again after ${((performance.now() - awaySince) / 1000).toFixed(1)} s`);
      awaySince = undefined;
    }
  }

  /** The store, with an ear for how its calls end. */
  function watched(store: TodoStore): TodoStore {
    const noted = async <T>(call: Promise<T>): Promise<T> => {
      try {
        const result = await call;
        note(store.place);
        return result;
      } catch (error) {
        note(store.place, error);
        throw error;
      }
    };
    return {
      place: store.place,
      list: () => noted(store.list()),
      add: (item) => noted(store.add(item)),
      ping: () => noted(store.ping()),
      close: () => store.close(),
    };
  }

  async function answer(request: IncomingMessage, url: URL): Promise<Answer> {
    const { settings, store } = current();
    const around: Surroundings = { server, place: store.place, isReadOnly: settings.isReadOnly };
    const say = (status: number, title: string, text: string, headers?: Record<string, string>): Answer => ({
      status,
      body: messagePage(around, title, text),
      ...(headers && { headers }),
    });
    const methods = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
    if (!methods) return say(404, "Not found", "There is no such page.");
    const handler = methods[request.method === "HEAD" ? "GET" : (request.method ?? "")];
    if (!handler) return say(405, "Not possible", "This page can't be asked in this way.", { Allow: Object.keys(methods).join(", ") });
    try {
      return await handler({ request, url, settings, store: watched(store), around });
    } catch (error) {
      if (error instanceof StoreAwayError) {
        return say(503, "Not now", "The database does not answer. What is in the list is safe; please try again in a moment.", {
          "Retry-After": String(retryAfterSeconds),
        });
      }
      if (error instanceof StoreReadOnlyError) return say(403, "Read-only", "The database takes no new items at present.");
      if (error instanceof Refusal) return say(error.status, error.title, error.message);
      log(`error: ${request.method} ${url.pathname}: ${oneLine(error)}`);
      return say(500, "Something went wrong", "The page could not be made. The reason is in the log.");
    }
  }

  return (request, response) => {
    const started = performance.now();
    const url = URL.parse(request.url ?? "/", "http://todo") ?? new URL("http://todo/bad-address");
    answer(request, url)
      .then((answered) => {
        send(request, response, answered);
        if (url.pathname === "/healthz" || url.pathname === "/ready") return;
        log(`${request.method} ${url.pathname} ${answered.status} ${Math.round(performance.now() - started)} ms`);
      })
      .catch((error) => {
        log(`error: ${oneLine(error)}`);
        response.destroy();
      });
  };
}

async function home({ store, around }: Asked): Promise<Answer> {
  const { total } = await store.list();
  return { status: 200, body: homePage(around, total), cacheSeconds: pageCacheSeconds };
}

async function list({ store, around, url }: Asked): Promise<Answer> {
  return {
    status: 200,
    body: listPage(around, await store.list(), url.searchParams.get("added") ?? undefined),
    cacheSeconds: pageCacheSeconds,
  };
}

function form({ around, settings }: Asked): Answer {
  if (settings.isReadOnly) throw readOnly();
  return { status: 200, body: newPage(around, { id: randomUUID(), text: "" }) };
}

async function add({ request, settings, store, around }: Asked): Promise<Answer> {
  if (settings.isReadOnly) throw readOnly();
  // Browsers say so when the form is on another site's page.
  if (request.headers["sec-fetch-site"] === "cross-site")
    throw new Refusal(403, "Not from here", "Items are added with this site's own form.");
  const fields = new URLSearchParams(await bodyOf(request));
  // Control characters have no business in a line of text; PostgreSQL would refuse the zero byte.
  const text = (fields.get("item") ?? "").replace(/\p{Cc}+/gu, " ").trim();
  const given = fields.get("id") ?? "";
  const id = uuid.test(given) ? given : randomUUID();
  const problem =
    text === "" ? "Please say what is to be done." : [...text].length > textMax ? `Please say it in ${textMax} characters.` : undefined;
  if (problem) return { status: 422, body: newPage(around, { id, text, problem }) };
  await store.add({ id, text });
  // The address is new, so no proxy has an older list in keeping for it.
  return { status: 303, body: "", headers: { Location: `/list?added=${id}` } };
}

function showSettings({ settings, store, around }: Asked): Answer {
  if (!settings.showsSettings) throw new Refusal(404, "Not found", "There is no such page.");
  return {
    status: 200,
    body: settingsPage(around, [
      ["Database:Provider", settings.provider],
      ["Database:ReadOnly", String(settings.isReadOnly)],
      ["Database", store.place],
    ]),
  };
}

async function ready({ store }: Asked): Promise<Answer> {
  await store.ping();
  return { status: 200, body: "ok\n", type: "text/plain" };
}

/** A request that is turned down, with the page that says why. */
class Refusal extends Error {
  readonly status: number;
  readonly title: string;
  constructor(status: number, title: string, message: string) {
    super(message);
    this.status = status;
    this.title = title;
  }
}

const readOnly = () => new Refusal(403, "Read-only", "The list can be read at present; new items are not taken.");

async function bodyOf(request: IncomingMessage): Promise<string> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") throw new Refusal(415, "Not a form", "An item is sent as a form.");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyMaxBytes) throw new Refusal(413, "Too long", "That is more than this list takes.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, body, type = "text/html", headers = {}, cacheSeconds } = answer;
  response.writeHead(status, {
    "Content-Type": `${type}; charset=utf-8`,
    "Content-Length": Buffer.byteLength(body),
    "Content-Security-Policy":
      "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    // Before Cache-Control: of the two, nginx up to 1.22 heeds the one that comes first.
    ...(cacheSeconds !== undefined && { "X-Accel-Expires": String(cacheSeconds) }),
    "Cache-Control": cacheSeconds === undefined ? "no-store" : type === "text/css" ? `max-age=${cacheSeconds}` : "no-cache",
    // What is left of a body that nobody read would be taken for the next request.
    ...(!request.complete && { Connection: "close" }),
    ...headers,
  });
  response.end(body);
}

const oneLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
