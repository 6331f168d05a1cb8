// A shell with its tools that does nothing until somebody uses it.
import { baseLayer, path } from "./base.mjs";

export const recipe = {
  from: [],
  archive: "ch03-sleep.tar",
  sources: ["sleep.mjs"],
  async make() {
    const config = { Env: [path], Cmd: ["sleep", "2147483647"] };
    return { packages: [], images: [{ tag: "kiamol/ch03-sleep:latest", layers: [await baseLayer()], config }] };
  },
};
