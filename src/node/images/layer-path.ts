/** Where an entry of a layer really lands: inside the image's root, whatever its name and the links before it say. */

/** Names of a layer may climb no higher than its root. Undefined: this one tries to. The root itself is "". */
export function layerPath(name: string): string | undefined {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") return undefined;
    parts.push(part);
  }
  return parts.join("/");
}

const followMax = 40;

/**
 * Follows the symbolic links among the parents of `path`, as the image's own root would.
 * Undefined: the links go in circles or lead out.
 */
export function throughLinks(path: string, links: ReadonlyMap<string, string>): string | undefined {
  let pending = path.split("/");
  let done: string[] = [];
  let followed = 0;
  while (pending.length > 1) {
    const part = pending.shift() as string;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (done.pop() === undefined) return undefined;
      continue;
    }
    done.push(part);
    const target = links.get(done.join("/"));
    if (target === undefined) continue;
    if (++followed > followMax) return undefined;
    done.pop();
    if (target.startsWith("/")) done = [];
    pending = [...target.split("/"), ...pending];
  }
  return [...done, ...pending].join("/");
}
