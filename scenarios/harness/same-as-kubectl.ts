/** Types the same lines into kubectl and into windlass and compares what they say, on both streams, and how they end. */
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Engine } from "./engine.ts";
import type { LineOptions } from "./shell.ts";

export interface SameOptions extends Pick<LineOptions, "input"> {
  /**
   * Each command has a namespace of its own, `left` for kubectl and `right` for windlass, so that lines which change something
   * start from the same state. Without it both read the same objects.
   */
  readonly apart?: boolean;
  /** Only standard output and exit code are compared: the words about what went wrong are our own. */
  readonly ownWords?: boolean;
  /** What may differ beside names of the two commands, ages, times and generated names. */
  readonly mask?: readonly (readonly [RegExp, string])[];
}

/**
 * What no two runs have in common. Columns move with the width of an age, so the spaces around one are masked with it.
 * kubectl logs failed discovery beside the message for people.
 */
const masks: readonly (readonly [RegExp, string])[] = [
  [/^.*memcache\.go:\d+\].*\n/gm, ""],
  [/^W\d{4} .*\.go:\d+\] /gm, "Warning: "],
  [/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/g, "TIME"],
  [/kubectl/g, "windlass"],
  [/\b(left|right)\b/g, "NAMESPACE"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME"],
  [/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, "UID"],
  [/("?resourceVersion"?: )"\d+"/g, "$1VERSION"],
  [/ *\b((\d+(y|d|h|m|s))+|AGE)\b */g, " AGE "],
];

/** A line that stock kubectl types on both sides before the next one, to make what that one is about. */
export interface Preparation {
  readonly prepare: string;
}

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Types every line, which begins with `kubectl`, both ways. Fails with everything that differs. */
export async function assertSame(engine: Engine, lines: readonly (string | Preparation)[], options: SameOptions = {}): Promise<void> {
  const sides = options.apart ? await namespaces(engine) : undefined;
  const clean = (text: string): string => [...masks, ...(options.mask ?? [])].reduce((left, [what, by]) => left.replace(what, by), text);
  const type = async (line: string, kubeconfig: string | undefined): Promise<Said> => {
    const { code, stdout, stderr } = await engine.attempt(line, {
      ...(options.input !== undefined && { input: options.input }),
      ...(kubeconfig !== undefined && { environment: { KUBECONFIG: kubeconfig } }),
    });
    return { code, stdout: clean(stdout), stderr: options.ownWords ? (stderr === "" ? "" : "something") : clean(stderr) };
  };
  const expected: Record<string, Said> = {};
  const actual: Record<string, Said> = {};
  for (const line of lines) {
    if (typeof line !== "string") {
      await Promise.all([type(line.prepare, sides?.left), sides && type(line.prepare, sides.right)]);
      continue;
    }
    // What reads, or changes a side of its own, can be typed both ways at once.
    const both = () => Promise.all([type(line, sides?.left), type(line.replaceAll(/\bkubectl\b/g, "windlass"), sides?.right)]);
    let [expectedSaid, actualSaid] = await both();
    // Where both read the same objects, those may have changed between the one and the other; a real difference comes again.
    if (!sides && !isDeepStrictEqual(actualSaid, expectedSaid)) [expectedSaid, actualSaid] = await both();
    if (isDeepStrictEqual(actualSaid, expectedSaid)) continue;
    expected[line] = expectedSaid;
    actual[line] = actualSaid;
  }
  assert.deepEqual(actual, expected);
}

/** The two namespaces, made when they are first needed, and a kubeconfig for each. */
async function namespaces(engine: Engine): Promise<{ left: string; right: string }> {
  const side = async (name: string): Promise<string> => {
    const kubeconfig = join(engine.home, `${name}.kubeconfig`);
    copyFileSync(engine.kubeconfig, kubeconfig);
    await engine.attempt(`kubectl create namespace ${name}`);
    await engine.run(`kubectl config set-context --current --namespace=${name}`, { environment: { KUBECONFIG: kubeconfig } });
    return kubeconfig;
  };
  return { left: await side("left"), right: await side("right") };
}
