#!/usr/bin/env node
// `npm start`: sets everything up, starts the engine, and rolls the example application from v1 to v2 before your eyes.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { get } from "node:http";
import { constants, homedir, setPriority } from "node:os";
import { join } from "node:path";
import { node24 } from "./node24.mjs";
import { enginePackages, ensureDependencies, ensureKubectl, ensurePackages, root, run, step } from "./setup.mjs";

const bold = (text) => `\x1b[1m${text}\x1b[0m`;
const home = process.env.WINDLASS_HOME ?? join(homedir(), ".windlass");
const windlass = join(root, "bin", "windlass");

ensureDependencies();
const missing = ensurePackages(enginePackages);
if (missing.length > 0) console.log(`Without ${missing.join(", ")} there are no real containers here; Pods will be simulated.`);
const { kubectl } = ensureKubectl("35");
if (!existsSync(join(root, "dist", "windlass.js"))) {
  step("building");
  run(node24(), ["scripts/build.mjs"]);
}
const firstArchives = ["ch09-vweb.tar", "ch03-sleep.tar"];
const laterArchives = ["nginx.tar", "postgres.tar", "ch04-todo-list.tar"];
if (missing.length === 0) run(node24(), ["scripts/images.mjs", ...firstArchives]);

run(windlass, ["up", "--detach"]);
const status = JSON.parse(spawnSync(windlass, ["status", "-o", "json"], { encoding: "utf8" }).stdout);
const real = status.runtime !== "simulated";
const load = (archives) => {
  for (const archive of archives) run(windlass, ["image", "load", join(root, "images", archive)]);
};
if (real) load(firstArchives);
// The images of the to-do application take a while the first time: they are made beside what follows, and out of its way.
const assembling = real ? assemble(laterArchives) : undefined;

const environment = { ...process.env, KUBECONFIG: join(home, "kubeconfig") };
const type = (line, options = {}) => {
  console.log(`\n${bold(`$ kubectl ${line}`)}`);
  const { status: code } = spawnSync(kubectl, line.split(" "), {
    cwd: join(root, "examples"),
    stdio: ["ignore", "inherit", "inherit"],
    env: environment,
  });
  if (code !== 0 && !options.mayFail) process.exit(code ?? 1);
};
// From the beginning, also where this was run before.
spawnSync(kubectl, ["delete", "deployment", "vweb", "--ignore-not-found"], { stdio: "ignore", env: environment });

type("apply -f vweb/");
type("rollout status deployment/vweb");
type("apply -f vweb/update/vweb-v1-scale.yaml");
type("rollout status deployment/vweb");

const address = "http://localhost:8090";
const ask = () =>
  new Promise((resolve) => {
    const request = get(`${address}/v.txt`, { agent: false, timeout: 2000 }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve(response.statusCode === 200 ? body.trim() : "failed"));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve("failed"));
  });

const served = new Map();
let asking = real;
const asked = (async () => {
  while (asking) {
    const version = await ask();
    served.set(version, (served.get(version) ?? 0) + 1);
  }
})();
console.log(`\n${bold("$ kubectl set image deployment/vweb web=kiamol/ch09-vweb:v2")}`);
spawnSync(kubectl, ["set", "image", "deployment/vweb", "web=kiamol/ch09-vweb:v2"], {
  stdio: ["ignore", "inherit", "inherit"],
  env: environment,
});
console.log(`\n${bold("$ kubectl rollout status deployment/vweb")}`);
await new Promise((resolve) => {
  spawn(kubectl, ["rollout", "status", "deployment/vweb"], { stdio: ["ignore", "inherit", "inherit"], env: environment }).on(
    "exit",
    resolve,
  );
});
const patienceEndsMs = Date.now() + 3000;
while (real && !served.has("v2") && Date.now() < patienceEndsMs) await new Promise((resolve) => setTimeout(resolve, 20));
asking = false;
await asked;
type("get replicasets -l app=vweb");

if (real) {
  const { failed = 0, ...answers } = Object.fromEntries(served);
  const counts = Object.entries(answers).map(([version, count]) => `${count} × ${version}`);
  console.log(`\nMeanwhile ${address}/v.txt was asked all the time: ${counts.join(", ")}, ${failed} failed.`);
  if (served.has("v2")) console.log(`\n${bold(`Open ${address}`)} : it says v2.`);
  else console.log("\nPort 8090 of this machine is another program's, it seems; `kubectl describe service vweb` says more.");
} else {
  console.log(`\nPods are simulated here: ${status.why ?? "asked for with --runtime simulated"}.`);
}
console.log(`
Windlass is up and stays up. What to type next:

  export KUBECONFIG=${join(home, "kubeconfig")}
  export PATH=$PATH:${join(root, "bin")}:${join(root, ".cache", "kubectl-35")}
  cd ${join(root, "examples")}

  kubectl get pods --show-labels
  kubectl rollout history deployment/vweb
  kubectl rollout undo deployment/vweb && curl ${address}/v.txt
  windlass down                          # stops the engine and all that it runs
`);

if (assembling) {
  step("loading the images of the to-do application");
  const failure = await assembling;
  if (failure === undefined) {
    load(laterArchives);
    console.log(`
Ready, too: a to-do list with a replicated PostgreSQL, in the same folder.

  kubectl apply -f todo-list/db/ -f todo-list/web/ -f todo-list/proxy/
  kubectl rollout status statefulset/todo-db    # then open http://localhost:8091
  kubectl apply -f todo-list/db/update/todo-db-rollingUpdate-partition.yaml
`);
  } else console.log(`They could not be assembled; \`npm run images\` tries again. ${failure}`);
}

/** Makes archives in a process of lower priority. Resolves with what went wrong, or with nothing. */
function assemble(archives) {
  const child = spawn(node24(), ["scripts/images.mjs", ...archives], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  try {
    setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It makes them at the priority it has.
  }
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaint += text;
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => resolve(code === 0 ? undefined : complaint.trim()));
  });
}
