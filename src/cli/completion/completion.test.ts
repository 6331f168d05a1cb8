/** What is offered where, and the scripts in the shells that are there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../commands.ts";
import { complete } from "./complete.ts";
import { completion } from "./completion.ts";

/** A cluster with two Deployments and a Pod. */
const environment: any = {
  async connect() {
    const names: Record<string, string[]> = { deployments: ["api", "web"], pods: ["web-0"], namespaces: ["default", "shop"] };
    const resource = (plural: string) => ({ plural, scope: "Namespaced", verbs: ["get"] });
    return {
      namespace: "default",
      resources: {
        find: async (type: string) => resource(type.startsWith("deploy") ? "deployments" : type),
        preferred: async () => Object.keys(names).map(resource),
      },
      client: {
        list: async ({ plural }: { plural: string }) => ({ items: (names[plural] ?? []).map((name) => ({ metadata: { name } })) }),
      },
    };
  },
};

test("candidates are commands, flags, values, types and names", async () => {
  const table: [line: string, words: string[]][] = [
    ["rollo", ["rollout"]],
    ["rollout und", ["undo"]],
    ["get depl", ["deployments"]],
    ["get deployments ", ["api", "web"]],
    ["get deployments api ", ["web"]],
    ["get deployments/w", ["deployments/web"]],
    ["get pods,depl", ["pods,deployments"]],
    ["get pods -n sh", ["shop"]],
    ["get pods --namespace=sh", ["--namespace=shop"]],
    ["get pods -o ya", ["yaml"]],
    ["apply --dry-run=s", ["--dry-run=server"]],
    ["delete --cas", ["--cascade"]],
    ["rollout status dep", ["deployment/"]],
    ["logs web", ["web-0"]],
    ["completion z", ["zsh"]],
    ["nonsense x", []],
    ["exec web-0 -- l", []],
  ];
  for (const [line, words] of table) {
    const found = await complete(root, line.split(" "), environment);
    assert.deepEqual(
      found.words.map(({ word }) => word),
      words,
      line,
    );
  }
});

test("files are left to the shell, and nothing is thrown where the cluster can't be asked", async () => {
  assert.equal((await complete(root, ["apply", "-f", "we"], environment)).files, true);
  const broken: any = { connect: () => Promise.reject(new Error("no cluster")) };
  assert.deepEqual((await complete(root, ["get", "pods", ""], broken)).words, []);
});

async function scriptOf(shell: string): Promise<string> {
  let script = "";
  const stdout = { write: (text: string) => void (script += text) };
  await completion.run({ args: [shell], name: "windlass completion" } as any, { stdout } as any);
  return script;
}

/** Runs the script in a bash in which `windlass` is a program that shows what it was asked. */
function inBash(script: string, line: string, answer: string): { readonly replies: string[]; readonly asked: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "windlass-completion-"));
  try {
    writeFileSync(join(folder, "windlass"), `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/asked\nprintf '${answer}'\n`);
    chmodSync(join(folder, "windlass"), 0o755);
    writeFileSync(join(folder, "script"), script);
    const words = line.split(" ");
    const typed = words.map((word) => `'${word}'`).join(" ");
    const body = `source ${folder}/script; compopt() { :; }; COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _windlass; printf '%s\\n' "\${COMPREPLY[@]}"; echo --; cat ${folder}/asked`;
    const { stdout, stderr, status } = spawnSync("bash", ["-c", body], {
      encoding: "utf8",
      env: { PATH: `${folder}:${process.env["PATH"]}` },
    });
    assert.equal(status, 0, stderr);
    const [replies = "", asked = ""] = stdout.split("--\n");
    return { replies: replies.split("\n").filter(Boolean), asked: asked.split("\n").slice(0, -1) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the script for bash asks with the words up to the cursor and offers what is answered", async () => {
  const { replies, asked } = inBash(await scriptOf("bash"), "windlass get po", "pods\\tWhat runs\\npodtemplates\\n:4\\n");
  assert.deepEqual(asked, ["__complete", "get", "po"]);
  assert.deepEqual(replies, ["pods", "podtemplates"]);
  assert.deepEqual(inBash(await scriptOf("bash"), "windlass get ", ":0\\n"), { replies: [], asked: ["__complete", "get", ""] });
});

test("other shells read their scripts, where they are installed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "windlass-completion-"));
  try {
    for (const [shell, check] of [
      ["zsh", "-n"],
      ["fish", "--no-execute"],
    ] as const) {
      const file = join(folder, shell);
      writeFileSync(file, await scriptOf(shell));
      const { error, status, stderr } = spawnSync(shell, [check, file], { encoding: "utf8" });
      if (!error) assert.equal(status, 0, `${shell}: ${stderr}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await assert.rejects(() => scriptOf("tcsh"), /unsupported shell type "tcsh"/);
});
