/** What is issued, and what it may be issued for. */

/** A certificate with its key, both PEM. */
export interface Credential {
  readonly certificate: string;
  readonly key: string;
}

/** Whether a name of the server is an IP address. */
export const isAddress = (name: string): boolean => name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);

/** The bytes of an IP address, four or sixteen, or undefined for a name. */
export function addressBytes(name: string): Uint8Array | undefined {
  if (!isAddress(name)) return undefined;
  if (!name.includes(":")) return new Uint8Array(name.split(".").map(Number));
  // A double colon stands for as many zeros as are missing.
  const [head = "", tail] = name.split("::");
  const groups = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const all = tail === undefined ? before : [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return new Uint8Array(all.flatMap((group) => [group >> 8, group & 0xff]));
}
