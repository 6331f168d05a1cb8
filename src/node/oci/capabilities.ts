/** Linux capabilities: all of them by number, and the few that a container has unless told otherwise. */

const names = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
].map((name) => `CAP_${name}`);

/** What containerd gives by default. */
const defaults = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

/** The capabilities in a kernel's bit mask, as /proc/self/status prints it (`CapBnd`). */
export function capabilitiesOfMask(hexMask: string): readonly string[] {
  const mask = BigInt(`0x${hexMask}`);
  return names.filter((_name, bit) => (mask >> BigInt(bit)) & 1n);
}

export interface CapabilityWish {
  readonly privileged: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/** What a container gets of what this process may give away. `ALL` is understood on both lists. Throws an Error on an unknown name. */
export function containerCapabilities(wish: CapabilityWish, available: readonly string[]): readonly string[] {
  const read = (list: readonly string[]): string[] =>
    list.map((text) => {
      const upper = text.toUpperCase();
      if (upper === "ALL") return "ALL";
      const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
      if (!names.includes(name)) throw new Error(`unknown capability ${JSON.stringify(text)}`);
      return name;
    });
  if (wish.privileged) return available;
  const add = read(wish.add);
  const drop = read(wish.drop);
  let result = new Set(defaults);
  if (add.includes("ALL")) result = new Set(names);
  if (drop.includes("ALL")) result = new Set(add.includes("ALL") ? names : []);
  for (const name of add) if (name !== "ALL") result.add(name);
  for (const name of drop) if (name !== "ALL") result.delete(name);
  return names.filter((name) => result.has(name) && available.includes(name));
}
