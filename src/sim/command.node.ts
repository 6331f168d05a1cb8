/** `npm run sim`: lives through seeds, says which promises were broken, and how to see it again. */
import { parseArgs } from "node:util";
import { systemClock } from "../base/system-world.node.ts";
import { drawSpec } from "./draw-spec.ts";
import { pin, readPinned } from "./pinned.node.ts";
import { runSpec } from "./run-spec.node.ts";
import { shrink } from "./shrink.ts";
import type { Spec } from "./spec.ts";
import { workloads } from "./workloads/all.ts";
import type { Workload } from "./workloads/workload.ts";

const usage = `npm run sim -- [options]

  --seeds N       how many seeds to live through (default 100)
  --from S        the first seed (default 1)
  --seed S        this one alone
  --kind KIND     ${workloads.map(({ name }) => name).join(", ")} (default: whichever the seed draws)
  --trace         print the plan and everything that happens
  --shrink        make the plan of a failing seed smaller, and print it
  --pin SENTENCE  shrink it and keep it in sims/pinned.json, with what was wrong
  --pinned        live through the plans that are kept there
`;

/** Where output goes. */
interface Output {
  write(text: string): void;
}

/** Answers with the exit code: 0, 1 where a promise was broken, 2 for a wrong command line. */
export async function runCommand(args: readonly string[], output: Output): Promise<number> {
  let values: ReturnType<typeof parse>;
  let kind: Workload | undefined;
  try {
    values = parse(args);
    kind = workloads.find(({ name }) => name === values.kind);
    if (values.kind !== undefined && !kind) throw new Error(`there is no kind "${values.kind}"`);
  } catch (error) {
    output.write(`error: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (values.help) {
    output.write(usage);
    return 0;
  }
  const number = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : Number(text));
  const from = number(values.seed ?? values.from, 1);
  const count = values.seed === undefined ? number(values.seeds, 100) : 1;
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(count) || count < 1) {
    output.write(`error: seeds are whole numbers\n\n${usage}`);
    return 2;
  }
  const chosen = values.kind === undefined ? "" : ` --kind ${values.kind}`;
  const plans = values.pinned
    ? readPinned().map(({ why, spec }) => ({ spec, title: `pinned: ${why}`, again: "--pinned" }))
    : Array.from({ length: count }, (_, index) => {
        const seed = from + index;
        return { seed, again: `--seed ${seed}${chosen}` };
      });

  const startedMs = systemClock.monotonic();
  let broken = 0;
  for (const plan of plans) {
    const spec = "spec" in plan ? plan.spec : drawSpec(plan.seed, kind);
    const result = await runSpec(spec, { keepsTrace: values.trace === true });
    if (values.trace) output.write(`${planText(spec)}\n${result.lines.join("\n")}\ntrace ${result.digest}\n`);
    if (result.broken === undefined) continue;
    broken++;
    const title = "title" in plan ? plan.title : `seed ${spec.seed} (${spec.workload})`;
    output.write(`${title}: ${result.broken}\n  to see it again: npm run sim -- ${plan.again} --trace\n`);
    if (!values.shrink && values.pin === undefined) continue;
    const smallest = await shrink(spec, { broken: async (each) => (await runSpec(each)).broken });
    output.write(`  the smallest plan that breaks it:\n${planText(smallest)}\n`);
    if (values.pin !== undefined) pin({ why: values.pin, spec: smallest });
  }
  const seconds = (systemClock.monotonic() - startedMs) / 1000;
  const rate = (plans.length / seconds).toFixed(1);
  output.write(`${plans.length} seeds in ${seconds.toFixed(1)} s (${rate} seeds/s), ${broken} broke a promise\n`);
  return broken === 0 ? 0 : 1;
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    strict: true,
    options: {
      seeds: { type: "string" },
      from: { type: "string" },
      seed: { type: "string" },
      kind: { type: "string" },
      trace: { type: "boolean" },
      shrink: { type: "boolean" },
      pin: { type: "string" },
      pinned: { type: "boolean" },
      help: { type: "boolean" },
    },
  }).values;

/** A plan, a line for each thing that is going to happen. */
function planText({ manifest, steps, writeFaults, ...rest }: Spec): string {
  return [
    `plan ${JSON.stringify(rest)}`,
    `  manifest ${JSON.stringify(manifest)}`,
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
    ...writeFaults.map((fault) => `  ${JSON.stringify(fault)}`),
  ].join("\n");
}
