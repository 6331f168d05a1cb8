/** Sets of completion indexes in the form that a Job's status has for them: `1,3-5,7`. */

/** The text of some indexes; runs of three and more, and of two, become ranges as Kubernetes writes them. */
export function indexesText(indexes: Iterable<number>): string {
  const sorted = [...new Set(indexes)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let first = 0; first < sorted.length; ) {
    let last = first;
    while (sorted[last + 1] === (sorted[last] as number) + 1) last++;
    // A run of two is written as two.
    if (last - first > 1) parts.push(`${sorted[first]}-${sorted[last]}`);
    else for (let at = first; at <= last; at++) parts.push(String(sorted[at]));
    first = last + 1;
  }
  return parts.join(",");
}

/** The indexes below `limit` that a text names. What can't be read is left out. */
export function indexesOf(text: string | undefined, limit: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const last = Math.min(Number(match[2] ?? match[1]), limit - 1);
    for (let index = Number(match[1]); index <= last; index++) indexes.add(index);
  }
  return indexes;
}
