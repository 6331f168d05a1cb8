/** `$(VAR)` in commands, arguments and values of environment variables (KUB-75). */

/** `$(NAME)` becomes `lookup(NAME)`, `$$` becomes `$`; a name that nobody knows stays as it is written. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  if (!text.includes("$")) return text;
  let result = "";
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (character !== "$" || index + 1 === text.length) {
      result += character;
      continue;
    }
    const next = text[index + 1] as string;
    if (next === "$") {
      result += "$";
      index++;
      continue;
    }
    const close = next === "(" ? text.indexOf(")", index + 2) : -1;
    if (close < 0) {
      result += character;
      continue;
    }
    const name = text.slice(index + 2, close);
    result += lookup(name) ?? `$(${name})`;
    index = close;
  }
  return result;
}
