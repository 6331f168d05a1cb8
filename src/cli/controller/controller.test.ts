import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import type { Environment } from "../command.ts";
import type { ControllerOptions } from "../engine-commands.ts";
import { globalFlags } from "../global-flags.ts";
import { parseFlags } from "../parse-flags.ts";
import { controller } from "./controller.ts";

/** Runs a line: what the engine was asked for, how long a request may take, and what was printed. */
async function run(...line: string[]) {
  const { flags, args } = parseFlags([...globalFlags, ...controller.flags], line);
  let asked: ControllerOptions | undefined;
  let requestTimeout = "";
  let printed = "";
  const environment = {
    version: "1.2.3",
    interrupted: new AbortController().signal,
    stdout: {
      write(text: string) {
        printed += text;
      },
    },
    async connect(given: typeof flags) {
      requestTimeout = given.string("request-timeout");
      return { client: {}, namespace: given.string("namespace") || "default", isNamespaceGiven: given.given("namespace"), close() {} };
    },
    engine: {
      async controller(options: ControllerOptions) {
        asked = options;
        return 0;
      },
    },
  } as unknown as Environment;
  const code = await controller.run({ name: "windlass controller", args, argsBeforeDashes: undefined, flags }, environment);
  assert.equal(code, 0);
  return { asked: asked as ControllerOptions, requestTimeout, printed };
}

test("it looks after all namespaces, by election, and waits half a minute for an answer, unless somebody says otherwise", async () => {
  const { asked, requestTimeout } = await run();
  const { namespace, controllerNamespace, leaderElection, healthAddress, webhook } = asked;
  assert.deepEqual(
    [namespace, controllerNamespace, leaderElection, healthAddress, webhook],
    [undefined, "windlass-system", true, undefined, undefined],
  );
  assert.equal(requestTimeout, "30s");
  const own = await run(
    "-n",
    "shop",
    "--leader-elect=false",
    "--request-timeout=5s",
    "--health-address=:8080",
    "--webhook-address=[::1]:9443",
  );
  assert.deepEqual([own.asked.namespace, own.asked.leaderElection, own.asked.healthAddress], ["shop", false, ":8080"]);
  assert.deepEqual(own.asked.webhook, { address: "[::1]:9443" });
  assert.equal(own.requestTimeout, "5s");
});

test("what makes no sense is said before anything is connected to", async () => {
  const wrong: [string[], RegExp][] = [
    [["--webhook-cert=tls.crt"], /^--webhook-cert and --webhook-key go together$/],
    [["--health-address=8080"], /^--health-address is "8080"; it is an address with a port, such as :8080$/],
    [["--webhook-address=:https"], /^--webhook-address is ":https"/],
    [["--webhook"], /^--webhook is a flag of "windlass controller manifest"$/],
    [["manifest", "--health-address=:8080"], /^--health-address is no flag of "windlass controller manifest"$/],
    [["manifests"], /^unknown command "manifests" for "windlass controller"$/],
    [["manifest", "all"], /^unknown command "all"/],
  ];
  for (const [line, message] of wrong) await assert.rejects(run(...line), { message });
});

test("its manifest is YAML that names the image of this version, or the one that is asked for", async () => {
  const images = async (...line: string[]): Promise<string[]> =>
    parseAllDocuments((await run("manifest", ...line)).printed)
      .map((document) => document.toJS())
      .filter(({ kind }) => kind === "Deployment")
      .map(({ spec }) => spec.template.spec.containers[0].image);
  assert.deepEqual(await images(), ["windlass:1.2.3"]);
  assert.deepEqual(await images("--webhook", "--image", "registry.example/windlass:1"), ["registry.example/windlass:1"]);
});
