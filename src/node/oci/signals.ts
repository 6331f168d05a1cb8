/** Signals by name, as images and Pods give them. */

const names = [
  "HUP",
  "INT",
  "QUIT",
  "ILL",
  "TRAP",
  "ABRT",
  "BUS",
  "FPE",
  "KILL",
  "USR1",
  "SEGV",
  "USR2",
  "PIPE",
  "ALRM",
  "TERM",
  "STKFLT",
  "CHLD",
  "CONT",
  "STOP",
  "TSTP",
  "TTIN",
  "TTOU",
  "URG",
  "XCPU",
  "XFSZ",
  "VTALRM",
  "PROF",
  "WINCH",
  "IO",
  "PWR",
  "SYS",
];
const realTimeMin = 34;
const realTimeMax = 64;

export const sigterm = 15;
export const sigkill = 9;

/** The number of `SIGTERM`, `TERM`, `15` or `SIGRTMIN+3`. Undefined: no such signal. */
export function signalNumber(text: string): number | undefined {
  const name = text.trim().toUpperCase().replace(/^SIG/, "");
  if (/^\d+$/.test(name)) return inRange(Number(name), 1);
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime) {
    const base = realTime[1] === "MIN" ? realTimeMin : realTimeMax;
    return inRange(base + Number(`${realTime[2] ?? "+"}${realTime[3] ?? 0}`), realTimeMin);
  }
  const index = names.indexOf(name);
  return index < 0 ? undefined : index + 1;
}

const inRange = (number: number, low: number): number | undefined => (number >= low && number <= realTimeMax ? number : undefined);
