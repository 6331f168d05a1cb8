/** Arithmetic on IPv4 addresses and ranges. */

/** The address as an unsigned number, or undefined where the text is none. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** `10.244.0.1` for 183763969. */
export const formatIpv4 = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");

export interface Ipv4Range {
  /** The network address. */
  readonly first: number;
  /** How many addresses, the network's and the broadcast address included. */
  readonly size: number;
  readonly prefixLength: number;
}

/** Reads `10.244.0.0/24`. Throws an Error where the text is no range. */
export function parseIpv4Range(text: string): Ipv4Range {
  const [address = "", length = ""] = text.split("/");
  const value = parseIpv4(address);
  const prefixLength = Number(length);
  if (value === undefined || !/^\d{1,2}$/.test(length) || prefixLength > 32) throw new Error(`not an IPv4 range: ${text}`);
  const size = 2 ** (32 - prefixLength);
  return { first: value - (value % size), size, prefixLength };
}

/** The `index`-th address of a range: the tenth of `10.96.0.0/16` is `10.96.0.10`. */
export const addressAt = (range: string, index: number): string => formatIpv4(parseIpv4Range(range).first + index);
