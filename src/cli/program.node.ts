/** The command line: names, flags and help. What the commands do stands elsewhere. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { EngineCommands } from "./engine-commands.ts";

const portMax = 65_535;
const nodesMax = 5_000;

function wholeNumber(what: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high)
      throw new InvalidArgumentError(`${what} is a whole number from ${low} to ${high}.`);
    return value;
  };
}

const millisecondsPer: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Two durations such as `1s,1m`: the first wait, and the longest. */
function backoff(text: string): { baseMs: number; capMs: number } {
  const match = /^(\d+)(ms|s|m|h),(\d+)(ms|s|m|h)$/.exec(text);
  const [baseMs = 0, capMs = 0] = match ? [1, 3].map((at) => Number(match[at]) * (millisecondsPer[match[at + 1] as string] as number)) : [];
  if (baseMs <= 0 || capMs < baseMs) throw new InvalidArgumentError("Two durations, the first wait and the longest, such as 1s,1m.");
  return { baseMs, capMs };
}

/** Runs one command line and resolves with its exit code. Usage errors end with code 1 and one line on stderr. */
export async function runProgram(args: readonly string[], version: string, engine: EngineCommands): Promise<number> {
  let code = 0;
  const home = (): Option => new Option("--home <dir>", "where the engine keeps its state (default: $WINDLASS_HOME, then ~/.windlass)");
  const program = new Command("windlass");
  program
    .description("Rollouts and rollbacks as Kubernetes defines them, on an engine that starts with one command.")
    .version(version, "-V, --version")
    .exitOverride()
    .showHelpAfterError("(--help shows what there is)");

  program
    .command("up")
    .description("start the engine: API server, controllers, scheduler and node, all in one process")
    .addOption(home())
    .option(
      "--port <n>",
      "port of the API on 127.0.0.1 (default: the last one used, else 6443; 0 lets the system choose)",
      wholeNumber("a port", 0, portMax),
    )
    .option("--nodes <n>", "how many nodes (default: the last number used, else 1)", wholeNumber("the number of nodes", 0, nodesMax))
    .addOption(
      new Option("--runtime <name>", "auto takes real containers where the machine can run them")
        .choices(["auto", "oci", "simulated"])
        .default("auto"),
    )
    .option("--restart-backoff <first,longest>", "how long a failed container waits for its next start (default: 10s,5m)", backoff)
    .option("-d, --detach", "return when the API is ready and stay up in the background", false)
    .action(async (options) => {
      code = await engine.up(options);
    });
  program
    .command("down")
    .description("stop the engine and everything that it runs; objects and images stay")
    .addOption(home())
    .action(async (options) => {
      code = await engine.down(options);
    });
  program
    .command("status")
    .description("say whether an engine runs in this home, and what it holds")
    .addOption(home())
    .addOption(new Option("-o, --output <format>", "json").choices(["json"]))
    .action(async (options) => {
      code = await engine.status(options);
    });
  program
    .command("version")
    .description("print the version")
    .action(() => {
      console.log(`windlass ${version}`);
    });

  const image = program.command("image").description("the images that containers start from");
  image
    .command("load <file>")
    .description("take in a docker-save or OCI archive (plain, gzip or zstd)")
    .addOption(home())
    .action(async (file, options) => {
      code = await engine.imageLoad(options, file);
    });
  image
    .command("list")
    .alias("ls")
    .description("list the images that are here")
    .addOption(home())
    .action(async (options) => {
      code = await engine.imageList(options);
    });
  image
    .command("pull <reference>")
    .description("fetch an image from its registry")
    .addOption(home())
    .action(async (reference, options) => {
      code = await engine.imagePull(options, reference);
    });
  image
    .command("remove <reference...>")
    .alias("rm")
    .description("remove images and the layers that no other image needs")
    .addOption(home())
    .action(async (references, options) => {
      code = await engine.imageRemove(options, references);
    });

  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    const exitCode = (error as { exitCode?: unknown }).exitCode;
    if (typeof exitCode !== "number") throw error;
    return exitCode;
  }
  return code;
}
