/** The commands of the embedded engine: names, flags and help. What they do stands behind `EngineCommands`. */
import type { Command, CommandEntry } from "../command.ts";
import { CommandError, usageError } from "../errors.ts";
import { type Flag, FlagError } from "../flags.ts";
import { parseGoDuration } from "../../machinery/go-duration.ts";

const portMax = 65_535;
const nodesMax = 5_000;
const section = "The embedded engine";
const homeFlag: Flag = { name: "home", type: "string", about: "where the engine keeps its state; else $WINDLASS_HOME, else ~/.windlass" };

const up: Command = {
  usage: "[flags]",
  about: "Starts the engine: API server, controllers, scheduler and nodes, all in one process.",
  examples: "# Start in the background and see what there is\nwindlass up --detach\nwindlass get nodes",
  withoutGlobalFlags: true,
  flags: [
    homeFlag,
    { name: "port", type: "string", about: "port of the API on 127.0.0.1; else the last one used, else 6443; 0 lets the system choose" },
    { name: "nodes", type: "string", about: "how many nodes; else the last number used, else 1" },
    {
      name: "runtime",
      type: "string",
      default: "auto",
      about: "auto, oci or simulated; auto takes real containers where the machine can run them",
    },
    {
      name: "restart-backoff",
      type: "string",
      about: "how long a failed container waits for its next start: the first wait and the longest, such as 1s,1m",
    },
    {
      name: "release-controllers",
      default: "true",
      about: "record releases, roll back what fails and follow configuration; false: as plain Kubernetes, for `windlass controller`",
    },
    { name: "detach", short: "d", about: "return when the API is ready and stay up in the background" },
  ],
  async run({ name, args, flags }, { engine }) {
    noArguments(name, args);
    const runtime = flags.string("runtime");
    if (runtime !== "auto" && runtime !== "oci" && runtime !== "simulated") throw wrong("runtime", runtime, "it is auto, oci or simulated");
    return engine.up({
      home: flags.string("home") || undefined,
      port: wholeNumber("port", flags.string("port"), portMax),
      nodes: wholeNumber("nodes", flags.string("nodes"), nodesMax),
      runtime,
      detach: flags.bool("detach"),
      releases: flags.bool("release-controllers"),
      restartBackoff: backoff(flags.string("restart-backoff")),
    });
  },
};

const down: Command = {
  usage: "[flags]",
  about: "Stops the engine and everything that it runs. Objects and images stay.",
  withoutGlobalFlags: true,
  flags: [homeFlag],
  async run({ name, args, flags }, { engine }) {
    noArguments(name, args);
    return engine.down({ home: flags.string("home") || undefined });
  },
};

const status: Command = {
  usage: "[-o json] [flags]",
  about: "Says whether an engine runs in this home, and what it holds.",
  withoutGlobalFlags: true,
  flags: [homeFlag, { name: "output", short: "o", type: "string", about: "json" }],
  async run({ name, args, flags }, { engine }) {
    noArguments(name, args);
    const output = flags.string("output") || undefined;
    if (output !== undefined && output !== "json") throw wrong("output", output, "it is json");
    return engine.status({ home: flags.string("home") || undefined, output });
  },
};

const imageLoad: Command = {
  usage: "FILE... [flags]",
  about: "Takes in docker-save or OCI archives, plain or compressed by gzip or zstd.",
  withoutGlobalFlags: true,
  flags: [homeFlag],
  async run({ name, args, flags }, { engine }) {
    if (args.length === 0) throw usageError(name, "the archive is missing");
    return engine.imageLoad({ home: flags.string("home") || undefined }, args);
  },
};

const imageList: Command = {
  usage: "[flags]",
  about: "Lists the images that are here.",
  withoutGlobalFlags: true,
  flags: [homeFlag],
  async run({ name, args, flags }, { engine }) {
    noArguments(name, args);
    return engine.imageList({ home: flags.string("home") || undefined });
  },
};

const imagePull: Command = {
  usage: "REFERENCE [flags]",
  about: "Fetches an image from its registry.",
  withoutGlobalFlags: true,
  flags: [homeFlag],
  async run({ name, args, flags }, { engine }) {
    return engine.imagePull({ home: flags.string("home") || undefined }, oneArgument(name, args, "the image"));
  },
};

const imageRemove: Command = {
  usage: "REFERENCE... [flags]",
  about: "Removes images, and the layers that no other image needs.",
  withoutGlobalFlags: true,
  flags: [homeFlag],
  async run({ name, args, flags }, { engine }) {
    if (args.length === 0) throw usageError(name, "the images to remove are missing");
    return engine.imageRemove({ home: flags.string("home") || undefined }, args);
  },
};

const images = "Images";

export const engineEntries: readonly CommandEntry[] = [
  { name: "up", section, summary: "start the engine", load: async () => up },
  { name: "down", section, summary: "stop the engine; objects and images stay", load: async () => down },
  { name: "status", section, summary: "say whether an engine runs, and what it holds", load: async () => status },
  {
    name: "image",
    section,
    summary: "the images that containers start from",
    load: async () => ({
      about: "The images that containers of the embedded engine start from.",
      commands: [
        { name: "load", section: images, summary: "take in docker-save or OCI archives", load: async () => imageLoad },
        { name: "list", aliases: ["ls"], section: images, summary: "list the images that are here", load: async () => imageList },
        { name: "pull", section: images, summary: "fetch an image from its registry", load: async () => imagePull },
        { name: "remove", aliases: ["rm"], section: images, summary: "remove images", load: async () => imageRemove },
      ],
    }),
  },
];

const wrong = (flag: string, value: string, why: string): FlagError =>
  new FlagError(`invalid argument ${JSON.stringify(value)} for "--${flag}" flag: ${why}`);

function wholeNumber(flag: string, text: string, most: number): number | undefined {
  if (text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most) throw wrong(flag, text, `it is a whole number from 0 to ${most}`);
  return value;
}

/** Two durations such as `1s,1m`: the first wait, and the longest. */
function backoff(text: string): { baseMs: number; capMs: number } | undefined {
  if (text === "") return undefined;
  const [baseMs = 0, capMs = 0, ...more] = text.split(",").map((part) => parseGoDuration(part) ?? 0);
  if (baseMs <= 0 || capMs < baseMs || more.length > 0)
    throw wrong("restart-backoff", text, "it is two durations, the first wait and the longest, such as 1s,1m");
  return { baseMs, capMs };
}

function noArguments(name: string, args: readonly string[]): void {
  if (args.length > 0) throw new CommandError(`unknown command ${JSON.stringify(args[0])} for ${JSON.stringify(name)}`);
}

function oneArgument(name: string, args: readonly string[], what: string): string {
  if (args.length !== 1) throw usageError(name, `${what} is missing, or there are several`);
  return args[0] as string;
}
