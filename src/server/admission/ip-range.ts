/** An IPv4 range in CIDR notation, and addresses as numbers. */

export interface IpRange {
  /** As written, such as `10.96.0.0/12`. */
  readonly text: string;
  /** The network address. */
  readonly base: number;
  /** How many addresses it spans, network and broadcast included. */
  readonly size: number;
}

/** The number of a dotted address, or undefined where the text is none. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

/** The dotted form of an address. */
export const formatIpv4 = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

/** Throws for what is no IPv4 range of at least four addresses. */
export function parseIpRange(text: string): IpRange {
  const [address = "", bits = ""] = text.split("/");
  const base = parseIpv4(address);
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  if (base === undefined || !(prefix >= 1 && prefix <= 30)) throw new Error(`${JSON.stringify(text)} is no IPv4 address range`);
  const size = 2 ** (32 - prefix);
  return { text, base: Math.floor(base / size) * size, size };
}
