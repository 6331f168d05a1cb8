/** The flags that `exec` and `attach` have in common. */
import type { Flag } from "../flags.ts";

/** `container`: help of -c. `of`: who gets the input and prints. */
export const sessionFlags = ({ container, of }: { readonly container: string; readonly of: string }): readonly Flag[] => [
  { name: "container", short: "c", type: "string", about: container },
  { name: "stdin", short: "i", about: `hand the input on to the ${of}` },
  { name: "tty", short: "t", about: "with a terminal" },
  { name: "quiet", short: "q", about: `print nothing but what the ${of} prints` },
  { name: "pod-running-timeout", type: "string", default: "1m0s", about: "how long to wait for a Pod where there is none" },
];
