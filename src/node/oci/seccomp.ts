/**
 * The system calls that an ordinary container has no business with: those that change the kernel, the clock, mounts or
 * namespaces, or look into other processes' keys. Everything else is allowed, so that new calls need no new list.
 */

/** Calls by the capability that opens them again; "" opens for nobody. */
const denied: Readonly<Record<string, readonly string[]>> = {
  "": ["add_key", "keyctl", "request_key", "userfaultfd", "uselib", "nfsservctl", "vm86", "vm86old", "_sysctl", "sysfs", "ustat"],
  CAP_SYS_ADMIN: [
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "lookup_dcookie",
    "mount",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "pivot_root",
    "quotactl",
    "quotactl_fd",
    "setns",
    "swapon",
    "swapoff",
    "umount",
    "umount2",
    "unshare",
  ],
  CAP_BPF: ["bpf"],
  CAP_PERFMON: ["perf_event_open"],
  CAP_SYS_MODULE: ["create_module", "delete_module", "finit_module", "get_kernel_syms", "init_module", "query_module"],
  CAP_SYS_BOOT: ["kexec_file_load", "kexec_load", "reboot"],
  CAP_SYS_TIME: ["clock_adjtime", "clock_settime", "settimeofday", "stime"],
  CAP_SYS_PACCT: ["acct"],
  CAP_SYS_RAWIO: ["ioperm", "iopl"],
  CAP_SYSLOG: ["syslog"],
  CAP_DAC_READ_SEARCH: ["open_by_handle_at"],
  CAP_SYS_NICE: ["mbind", "migrate_pages", "move_pages", "set_mempolicy"],
};
/** SYS_ADMIN held these rights before they got capabilities of their own. */
const underAdmin = ["CAP_BPF", "CAP_PERFMON", "CAP_SYSLOG"];

const errnoPermission = 1;
const errnoNotImplemented = 38;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: `clone` may make processes but no namespaces. */
const namespaceFlags = 0x7e020000;

/** The profile in the form of the OCI runtime specification, for a container with these capabilities. */
export function defaultSeccomp(capabilities: readonly string[]): Readonly<Record<string, unknown>> {
  const admin = capabilities.includes("CAP_SYS_ADMIN");
  const open = (capability: string): boolean =>
    capability !== "" && (capabilities.includes(capability) || (admin && underAdmin.includes(capability)));
  const names = Object.entries(denied).flatMap(([capability, calls]) => (open(capability) ? [] : calls));
  const rules: Record<string, unknown>[] = [{ names, action: "SCMP_ACT_ERRNO", errnoRet: errnoPermission }];
  if (!admin) {
    // A filter cannot see the flags of clone3, which are in memory. Told that it does not exist, libraries fall back to clone.
    rules.push({ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: errnoNotImplemented });
    for (let flag = 1; flag <= namespaceFlags; flag *= 2) {
      if (namespaceFlags & flag) {
        rules.push({
          names: ["clone"],
          action: "SCMP_ACT_ERRNO",
          errnoRet: errnoPermission,
          args: [{ index: 0, value: flag, valueTwo: flag, op: "SCMP_CMP_MASKED_EQ" }],
        });
      }
    }
  }
  return { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], syscalls: rules };
}
