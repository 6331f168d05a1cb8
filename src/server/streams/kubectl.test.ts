import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { KindDefinition } from "../../api/kind.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ServiceAccount } from "../../api/kinds/service-account/index.ts";
import { eventually } from "../http/test-client.node.ts";
import { startTestServer, type TestServer } from "../http/test-server.node.ts";
import { fakeNode } from "./fake-node.ts";

/** The oldest kubectl that is supported speaks SPDY alone, the newest prefers WebSocket; and the command of this repository. */
const kubectls: readonly (readonly [name: string, path: string | undefined])[] = [
  ["kubectl 1.35", process.env["WINDLASS_TEST_KUBECTL"]],
  ["kubectl 1.20", process.env["WINDLASS_TEST_KUBECTL_120"]],
  ["windlass", fileURLToPath(new URL("../../../bin/windlass", import.meta.url))],
];

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

for (const [name, path] of kubectls) {
  describe(`${name} streams`, { concurrency: 4 }, () => {
    let server: TestServer;
    const events: string[] = [];
    before(async () => {
      assert.ok(path, "WINDLASS_TEST_KUBECTL and WINDLASS_TEST_KUBECTL_120 say where the test's kubectls are");
      server = await startTestServer({ nodes: (node) => (node === "n" ? fakeNode(events) : undefined) });
      const context = { user: { name: "t", groups: ["system:masters"] }, fieldManager: "t" };
      const create = (kind: KindDefinition<any>, object: object) =>
        server.api.create(kind as KindDefinition, "default", { apiVersion: "v1", ...object } as never, context);
      await create(ServiceAccount, { kind: "ServiceAccount", metadata: { name: "default" } });
      const pod = async (podName: string, containers: string[], nodeName: string | undefined, phase: string): Promise<void> => {
        const spec = { ...(nodeName && { nodeName }), containers: containers.map((container) => ({ name: container, image: "i" })) };
        await create(Pod, { kind: "Pod", metadata: { name: podName }, spec });
        const key = { namespace: "default", name: podName };
        await server.api.patch(Pod as unknown as KindDefinition, key, "merge", { status: { phase } }, context, "status");
      };
      await pod("p", ["c"], "n", "Running");
      await pod("two", ["a", "b"], "n", "Running");
      await pod("done", ["c"], "n", "Succeeded");
      await pod("waiting", ["c"], undefined, "Pending");
      await pod("far", ["c"], "elsewhere", "Running");
    });
    after(async () => {
      await server.close();
      assert.deepEqual(server.errors, []);
    });

    const start = (args: readonly string[]) =>
      spawn(path as string, args, {
        env: { KUBECONFIG: server.kubeconfig, HOME: join(server.directory, "home") },
        stdio: ["pipe", "pipe", "pipe"],
      });
    const run = (args: readonly string[], input?: string): Promise<Run> =>
      new Promise((resolve, reject) => {
        const child = start(args);
        let stdout = "";
        let stderr = "";
        child.stdout.on("data", (bytes) => (stdout += bytes));
        child.stderr.on("data", (bytes) => (stderr += bytes));
        child.on("error", reject);
        child.on("close", (code) => resolve({ code, stdout, stderr }));
        child.stdin.on("error", () => {});
        child.stdin.end(input ?? "");
      });

    test("API-100: a command's output comes back on the stream it was written to", async () => {
      const { code, stdout, stderr } = await run(["exec", "p", "--", "both"]);
      assert.deepEqual([code, stdout], [0, "to stdout\n"]);
      assert.match(stderr, /^(Defaulting container name to c\.[\s\S]*)?to stderr\n$/);
    });

    test("API-101, API-102: a command's exit code is kubectl's", async () => {
      const { code, stderr } = await run(["exec", "p", "--", "fail", "42"]);
      assert.equal(code, 42);
      assert.match(stderr, /command terminated with exit code 42/);
    });

    test("input reaches the command, and so does its end", async () => {
      const input = "line\n".repeat(50_000);
      assert.deepEqual(await run(["exec", "-i", "p", "--", "cat"], input), { code: 0, stdout: input, stderr: "" });
    });

    test("much output comes whole", async () => {
      const { code, stdout } = await run(["exec", "p", "--", "many", "8000000"]);
      assert.deepEqual([code, stdout.length], [0, 8_000_000]);
    });

    test("attach joins the container's input and output", async () => {
      const { code, stdout } = await run(["attach", "-i", "p"], "hello\n");
      assert.deepEqual([code, stdout], [0, "hello\n"]);
    });

    test("a client that leaves is noticed by the command", async () => {
      const child = start(["exec", "p", "--", "hang"]);
      let stdout = "";
      child.stdout.on("data", (bytes) => (stdout += bytes));
      await eventually("the command runs", () => stdout === "hanging\n");
      child.kill("SIGKILL");
      await eventually("the command heard of it", () => events.includes("left"));
    });

    const refusals: readonly (readonly [what: string, args: readonly string[], text: RegExp])[] = [
      ["a Pod that is not there", ["exec", "none", "--", "echo"], /pods "none" not found/],
      [
        "a container that is not there",
        ["exec", "p", "-c", "x", "--", "echo"],
        /container x is not valid for pod p|container x not found in pod p/,
      ],
      ["a command that is not there", ["exec", "p", "--", "nothing"], /executable file not found in \$PATH/],
      ["a completed Pod", ["exec", "done", "--", "echo"], /cannot exec into a container in a completed pod; current phase is Succeeded/],
      ["a Pod without a node", ["exec", "waiting", "--", "echo"], /pod waiting does not have a host assigned/],
      ["a node that is not here", ["exec", "far", "--", "echo"], /node "elsewhere" is not reachable/],
      ["logs of a former container that never was", ["logs", "p", "--previous"], /previous terminated container "c" in pod "p" not found/],
      ["forwarding to a Pod that does not run", ["port-forward", "done", "0:80"], /unable to forward port because pod is not running/],
    ];
    for (const [what, args, text] of refusals) {
      test(`${what} is told`, async () => {
        const { code, stderr } = await run(args);
        assert.notEqual(code, 0);
        assert.match(stderr, text);
      });
    }

    test("API-104: logs come whole, from the end, and of one container of several", async () => {
      assert.equal((await run(["logs", "p"])).stdout, "line 1\nline 2\nline 3\n");
      assert.equal((await run(["logs", "p", "--tail=1"])).stdout, "line 1\n");
      assert.equal((await run(["logs", "two", "-c", "b"])).stdout, "line 1\nline 2\nline 3\n");
    });

    test("logs are followed until the client leaves, and then by nobody", async () => {
      const child = start(["logs", "-f", "p", "--tail=1"]);
      let stdout = "";
      child.stdout.on("data", (bytes) => (stdout += bytes));
      await eventually("the line came", () => stdout === "line 1\n");
      child.kill("SIGKILL");
      await eventually("the agent heard of it", () => events.includes("log left"));
    });

    test("API-103: a forwarded port carries bytes both ways, for several connections", async () => {
      const child = start(["port-forward", "p", ":80"]);
      let stdout = "";
      child.stdout.on("data", (bytes) => (stdout += bytes));
      await eventually("the port is open", () => /127\.0\.0\.1:(\d+) -> 80/.test(stdout));
      const port = Number(/127\.0\.0\.1:(\d+) -> 80/.exec(stdout)?.[1]);
      const exchange = (bytes: number): Promise<number> =>
        new Promise((resolve, reject) => {
          let received = 0;
          const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.alloc(bytes, "x")));
          socket.on("data", (piece) => {
            received += piece.length;
            if (received === bytes) socket.end();
          });
          socket.on("error", reject);
          socket.on("close", () => resolve(received));
        });
      assert.deepEqual(await Promise.all([exchange(10), exchange(1_000_000), exchange(70_000)]), [10, 1_000_000, 70_000]);
      child.kill("SIGKILL");
      await once(child, "close");
    });

    test("a port that refuses is told", async () => {
      const child = start(["port-forward", "p", ":81"]);
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (bytes) => (stdout += bytes));
      child.stderr.on("data", (bytes) => (stderr += bytes));
      await eventually("the port is open", () => /127\.0\.0\.1:(\d+) -> 81/.test(stdout));
      const port = Number(/127\.0\.0\.1:(\d+) -> 81/.exec(stdout)?.[1]);
      const socket = connect(port, "127.0.0.1", () => socket.write("x"));
      socket.on("error", () => {});
      await once(socket, "close");
      await eventually("kubectl says so", () => /error forwarding port 81 to pod .*connect: connection refused/.test(stderr));
      child.kill("SIGKILL");
    });
  });
}
