/**
 * Hands out the addresses of a node's range in turn, so that an address given back rests as long as possible: whoever
 * still talks to the old holder must not reach a new one.
 */
import { formatIpv4, parseIpv4, parseIpv4Range } from "./ipv4.ts";

export interface AddressPool {
  /** The next free address. Throws an Error when all are taken. */
  take(): string;
  /** Marks an address as taken, as found in the kernel. */
  hold(address: string): void;
  /** Gives an address back. Idempotent. */
  release(address: string): void;
}

/** The first address is the network's, the second the gateway's and the last the broadcast address: none of them is given out. */
export function addressPool(range: string): AddressPool {
  const { first, size } = parseIpv4Range(range);
  const taken = new Set<number>();
  const low = 2;
  const high = size - 2;
  let next = low;
  return {
    take() {
      for (let tried = low; tried <= high; tried++) {
        const offset = next;
        next = next === high ? low : next + 1;
        if (taken.has(offset)) continue;
        taken.add(offset);
        return formatIpv4(first + offset);
      }
      throw new Error(`no free address in ${range}`);
    },
    hold(address) {
      const offset = (parseIpv4(address) ?? 0) - first;
      taken.add(offset);
      // Rather go on behind the newest than hand out what was given back a moment ago.
      if (offset >= next && offset < high) next = offset + 1;
    },
    release: (address) => void taken.delete((parseIpv4(address) ?? 0) - first),
  };
}
