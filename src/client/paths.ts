/** Paths and queries of the API. */
import type { KindRef } from "../api/kind.ts";

/** `/apis/apps/v1/namespaces/shop/deployments/web/status`. A namespaced kind without a namespace means all of them. */
export function pathOf(kind: KindRef<never> | KindRef | KindRef<any>, namespace?: string, name?: string, subresource?: string): string {
  const group = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.scope === "Namespaced" && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const one = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${group}${scope}/${kind.plural}${one}${subresource === undefined ? "" : `/${subresource}`}`;
}

/** `?a=1&b=2`, without what is undefined, false or empty; "" where nothing is left. */
export function queryText(query: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== false && value !== "") parameters.set(name, String(value));
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}
