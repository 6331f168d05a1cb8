/** Hands out the addresses of an IPv4 range, lowest free one after the last given, so that one is not reused at once. */

/** A range of addresses in CIDR notation. */
export interface AddressRange {
  /** Undefined: none is left. */
  take(): string | undefined;
  give(address: string): void;
  /** Marks an address as taken that was given out before. */
  claim(address: string): void;
}

const toNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toText = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");

/** The usable addresses of `cidr`: without the network, its gateway (.1) and the broadcast address. Throws for what is no IPv4 range. */
export function addressRange(cidr: string): AddressRange {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr);
  if (!match) throw new Error(`not an IPv4 address range: ${cidr}`);
  const size = 2 ** (32 - Number(match[2]));
  const base = Math.floor(toNumber(match[1] as string) / size) * size;
  const taken = new Set<number>();
  let next = 2;
  return {
    take() {
      for (let tried = 0; tried < size; tried++) {
        if (next >= size - 1) next = 2;
        const offset = next++;
        if (offset >= size - 1 || taken.has(offset)) continue;
        taken.add(offset);
        return toText(base + offset);
      }
      return undefined;
    },
    claim(address) {
      const offset = toNumber(address) - base;
      if (offset > 1 && offset < size - 1) taken.add(offset);
    },
    give(address) {
      taken.delete(toNumber(address) - base);
    },
  };
}
