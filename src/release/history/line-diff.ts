/** The difference of two texts by lines, with a few unchanged lines around each change. */

export interface DiffLine {
  /** `skip` stands for unchanged lines that are left out. */
  readonly type: "same" | "removed" | "added" | "skip";
  readonly text: string;
}

/** Beyond this many lines on either side a text is shown as a whole, removed and added: nobody reads such a difference. */
const linesMax = 4000;

/** Nothing where the texts are equal. `context`: so many unchanged lines are shown around each change. */
export function lineDiff(before: string, after: string, context = 3): readonly DiffLine[] {
  if (before === after) return [];
  const all = compare(linesOf(before), linesOf(after));
  const near = new Set<number>();
  for (const [index, { type }] of all.entries()) {
    if (type === "same") continue;
    for (let i = index - context; i <= index + context; i++) near.add(i);
  }
  const shown: DiffLine[] = [];
  for (const [index, line] of all.entries()) {
    if (near.has(index)) shown.push(line);
    else if (shown.at(-1)?.type !== "skip") shown.push({ type: "skip", text: "" });
  }
  return shown;
}

const linesOf = (text: string): string[] => (text === "" ? [] : (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n"));

/** By the longest common subsequence of what is left when equal beginnings and ends are taken away. */
function compare(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const same = (text: string): DiffLine => ({ type: "same", text });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ type: "removed", text });
  const added = (text: string): DiffLine => ({ type: "added", text });
  if (before.length === 0 || after.length === 0 || before.length > linesMax || after.length > linesMax) {
    return [...before.map(removed), ...after.map(added)];
  }
  // lengths[i][j]: of the longest common subsequence of before from i on and after from j on.
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--) {
      const [down, right] = [lengths[(i + 1) * width + j] as number, lengths[i * width + j + 1] as number];
      lengths[i * width + j] = before[i] === after[j] ? (lengths[(i + 1) * width + j + 1] as number) + 1 : Math.max(down, right);
    }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ type: "same", text: before[i] as string });
      i++;
      j++;
    } else if (
      j === after.length ||
      (i < before.length && (lengths[(i + 1) * width + j] as number) >= (lengths[i * width + j + 1] as number))
    ) {
      lines.push(removed(before[i++] as string));
    } else lines.push(added(after[j++] as string));
  }
  return lines;
}
