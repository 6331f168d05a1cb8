/** The pages, as HTML. Whatever comes from outside goes through `escaped`. */
import type { TodoItem } from "./todo-store.ts";

/** What every page shows: who made it and where the items are. */
export interface Surroundings {
  /** Name of the Pod or machine. */
  readonly server: string;
  /** Where the items are kept. */
  readonly place: string;
  readonly isReadOnly: boolean;
}

/** Longest text of an item, in characters. */
export const textMax = 200;

/** The first page. */
export function homePage(around: Surroundings, total: number): string {
  const count = total === 1 ? "1 thing" : `${total} things`;
  return page(
    around,
    "To-do list",
    `<p class="big">${total === 0 ? "Nothing is to be done." : `${count} to be done.`}</p>
    <p><a class="button" href="/list">See the list</a>${around.isReadOnly ? "" : ' <a class="button plain" href="/new">Add an item</a>'}</p>`,
  );
}

/** The list, with the item that was just added marked. */
export function listPage(
  around: Surroundings,
  list: { readonly items: readonly TodoItem[]; readonly total: number },
  added?: string,
): string {
  const rows = list.items.map(
    ({ id, text, addedAt }) =>
      `<li${id === added ? ' class="added"' : ""}><span>${escaped(text)}</span> <time datetime="${addedAt.toISOString()}">${addedAt
        .toISOString()
        .slice(0, 16)
        .replace("T", " ")} UTC</time></li>`,
  );
  const shown = list.total > list.items.length ? `<p>The newest ${list.items.length} of ${list.total}.</p>` : "";
  return page(
    around,
    "To do",
    `${list.items.some(({ id }) => id === added) ? '<p class="notice" role="status">Added.</p>' : ""}
    ${rows.length === 0 ? "<p>The list is empty.</p>" : `<ul class="items">\n      ${rows.join("\n      ")}\n    </ul>${shown}`}
    ${around.isReadOnly ? "" : '<p><a class="button" href="/new">Add an item</a></p>'}`,
  );
}

/** The form. `id` is the new item's, so that a form that is sent twice adds one item. */
export function newPage(around: Surroundings, form: { readonly id: string; readonly text: string; readonly problem?: string }): string {
  const problem = form.problem ? `<p class="notice bad" id="problem" role="alert">${escaped(form.problem)}</p>` : "";
  return page(
    around,
    "New item",
    `${problem}
    <form method="post" action="/new">
      <input type="hidden" name="id" value="${escaped(form.id)}">
      <label for="item">What is to be done?</label>
      <input id="item" name="item" type="text" value="${escaped(form.text)}" maxlength="${textMax}" required autofocus autocomplete="off"${
        form.problem ? ' aria-invalid="true" aria-describedby="problem"' : ""
      }>
      <button type="submit">Add</button>
    </form>`,
  );
}

/** A page that says what is the matter. */
export function messagePage(around: Surroundings, title: string, text: string): string {
  return page(around, title, `<p>${escaped(text)}</p>\n    <p><a class="button" href="/list">See the list</a></p>`);
}

/** What is set, one name a row. */
export function settingsPage(around: Surroundings, settings: readonly (readonly [string, string])[]): string {
  const rows = settings.map(([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`);
  return page(around, "Configuration", `<table>${rows.join("")}</table>`);
}

function page(around: Surroundings, title: string, content: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escaped(title)}</title>
  <link rel="stylesheet" href="/static/style.css">
  <link rel="icon" href="data:,">
</head>
<body>
  <header>
    <a class="name" href="/">To-do list</a>
    <nav aria-label="Pages"><a href="/list">List</a>${around.isReadOnly ? "" : '<a href="/new">New</a>'}</nav>
    ${around.isReadOnly ? '<span class="badge">read-only</span>' : ""}
  </header>
  <main>
    <h1>${escaped(title)}</h1>
    ${content}
  </main>
  <footer>Made by ${escaped(around.server)}, from ${escaped(around.place)}</footer>
</body>
</html>
`;
}

/** Text as it may stand in HTML, between tags or in a quoted attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The style sheet of all pages. */
export const style = `
:root { color-scheme: light dark; --ink: #1c2733; --paper: #f7f8fa; --card: #fff; --line: #d9dee5; --accent: #0b61a4; --soft: #55616f; --good: #e3f4e6; --bad: #fde6e4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8edf2; --paper: #12171d; --card: #1b222b; --line: #333d49; --accent: #7cbcf0; --soft: #a3afbc; --good: #1d3a25; --bad: #4a2220; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 42rem; padding: 0 1.25rem; background: var(--paper); color: var(--ink); font: 1.05rem/1.5 system-ui, sans-serif; }
header { display: flex; align-items: center; gap: 1.25rem; padding: 1.25rem 0; border-bottom: 1px solid var(--line); }
header .name { font-weight: 700; color: inherit; text-decoration: none; }
nav { display: flex; gap: 1rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.badge { margin-left: auto; padding: .1rem .6rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .85rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1.75rem 0 1rem; }
.big { font-size: 1.25rem; }
.button, button { display: inline-block; padding: .5rem 1rem; border: 1px solid var(--accent); border-radius: .4rem; background: var(--accent); color: var(--paper); font: inherit; text-decoration: none; cursor: pointer; }
.button.plain { background: none; color: var(--accent); }
.items { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.items li { display: flex; justify-content: space-between; gap: 1rem; padding: .7rem 1rem; overflow-wrap: anywhere; }
.items li + li { border-top: 1px solid var(--line); }
.items .added { background: var(--good); }
time, footer { color: var(--soft); font-size: .85rem; }
time { flex: none; align-self: center; }
.notice { padding: .6rem 1rem; border-radius: .4rem; background: var(--good); }
.notice.bad { background: var(--bad); }
form { display: grid; gap: .6rem; justify-items: start; }
input[type=text] { width: 100%; padding: .55rem .7rem; border: 1px solid var(--soft); border-radius: .4rem; background: var(--card); color: inherit; font: inherit; }
th { text-align: left; padding-right: 1.5rem; font-weight: 600; }
footer { margin: 2.5rem 0 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
`.trimStart();
