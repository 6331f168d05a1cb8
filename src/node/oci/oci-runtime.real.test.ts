import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import type { ByteStream, ExecStreams, TerminalSize } from "../../api/node-api.ts";
import { loadArchive } from "../images/archive.node.ts";
import { busyboxFiles, dockerArchive } from "../images/busybox-archive.suite.ts";
import type { RuntimeEvent } from "../runtime.ts";
import { detectOciRuntime } from "./detect.node.ts";
import { type Fixture, ociFixture } from "./oci-fixture.suite.ts";

let fixture: Fixture;
before(async () => {
  const tools = await detectOciRuntime(process.env["OCI_ENGINE"] as "crun" | undefined);
  fixture = await ociFixture("unavailable" in tools ? {} : { tools });
});
after(() => fixture.end());

const never = new AbortController().signal;

/** A client's end that collects output and is fed by `input`. */
function client(size?: TerminalSize) {
  let onInput: (bytes: Uint8Array) => void | Promise<void> = () => {};
  let onInputEnd = (): void => {};
  let waiting: { text: string; resolve: () => void } | undefined;
  const pending: (string | undefined)[] = [];
  const seen = { out: "", err: "" };
  const stream = (key: "out" | "err"): ByteStream => ({
    async write(bytes) {
      seen[key] += new TextDecoder().decode(bytes);
      if (waiting && seen.out.includes(waiting.text)) waiting.resolve();
    },
    end() {},
    read() {},
    destroy() {},
  });
  const stdin: ByteStream = {
    write: async () => {},
    end() {},
    read(onBytes, onEnd) {
      onInput = onBytes;
      onInputEnd = onEnd;
      for (const piece of pending.splice(0)) piece === undefined ? onEnd() : onBytes(new TextEncoder().encode(piece));
      reading = true;
    },
    destroy() {},
  };
  let reading = false;
  const streams: ExecStreams = {
    stdin,
    stdout: stream("out"),
    stderr: stream("err"),
    onResize(listener) {
      if (size) listener(size);
    },
  };
  return {
    seen,
    streams,
    type(text: string) {
      if (reading) void onInput(new TextEncoder().encode(text));
      else pending.push(text);
    },
    endInput() {
      if (reading) onInputEnd();
      else pending.push(undefined);
    },
    /** Waits until the output holds a text. */
    until: (text: string) =>
      new Promise<void>((resolve) => {
        waiting = { text, resolve };
        if (seen.out.includes(text)) resolve();
      }),
  };
}

const exec = (command: readonly string[], tty = false) => ({ command, tty, stdin: true, stdout: true, stderr: !tty });

test("a container runs, its output is in the log and its exit code is known", async () => {
  const id = await fixture.run(await fixture.sandbox(), "echo out; echo err >&2; echo again > /dev/stderr; exit 3");
  const status = await fixture.ended(id);
  assert.deepEqual([status.state, status.exitCode, status.reason], ["exited", 3, "Error"]);
  assert.ok((status.finishedAt ?? 0) >= (status.startedAt ?? Number.POSITIVE_INFINITY));
  // The two streams are two pipes: their order among each other is nobody's promise.
  assert.deepEqual((await fixture.logs(id)).split("\n").sort(), ["", "again", "err", "out"]);
});

test("a command that is not there is a start error with the words that users know", async () => {
  const sandbox = await fixture.sandbox();
  const id = await fixture.runtime.createContainer(sandbox, fixture.spec({ command: ["nonesuch"] }));
  await assert.rejects(
    fixture.runtime.startContainer(id),
    /failed to create container: exec: "nonesuch": executable file not found in \$PATH/,
  );
  const status = await fixture.runtime.containerStatus(id);
  assert.deepEqual([status?.state, status?.exitCode, status?.reason], ["exited", 128, "StartError"]);
  await fixture.runtime.removeContainer(id);
  assert.equal(await fixture.runtime.containerStatus(id), undefined);
  const forbidden = await fixture.runtime.createContainer(sandbox, fixture.spec({ command: ["/etc/passwd"] }));
  await assert.rejects(fixture.runtime.startContainer(forbidden), /exec: "\/etc\/passwd": permission denied/);
});

test("an unknown user of the image cannot be", async () => {
  const sandbox = await fixture.sandbox();
  await assert.rejects(fixture.runtime.createContainer(sandbox, fixture.spec({ imageId: `sha256:${"0".repeat(64)}` })), /no such image/);
});

test("hostname, user, groups, rights and environment are as asked", async () => {
  const sandbox = await fixture.sandbox({ hostname: "web-0", dns: { servers: ["10.96.0.10"], searches: ["a.b"], options: ["ndots:5"] } });
  const security = {
    ...fixture.spec().security,
    runAsUser: 1000,
    supplementalGroups: [3000],
    noNewPrivileges: true,
    dropCapabilities: ["ALL"],
  };
  const script =
    "hostname; cat /etc/hostname; id; grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; echo $A $HOSTNAME; pwd; cat /etc/resolv.conf";
  const id = await fixture.run(sandbox, script, { security, env: [{ name: "A", value: "x y" }], workingDir: "/not/there" });
  await fixture.ended(id);
  assert.deepEqual((await fixture.logs(id)).replaceAll("\t", " ").split("\n"), [
    "web-0",
    "web-0",
    "uid=1000(web) gid=1001(web) groups=1001(web),2000(extra),3000",
    "CapBnd: 0000000000000000",
    "NoNewPrivs: 1",
    "Seccomp: 2",
    "x y web-0",
    "/not/there",
    "search a.b",
    "nameserver 10.96.0.10",
    "options ndots:5",
    "",
  ]);
});

test("an ordinary container may neither mount nor make namespaces nor set the clock; added rights open the way", async () => {
  const sandbox = await fixture.sandbox();
  const script = "mount -t tmpfs x /tmp; unshare -u true; date -s @0 2>&1; true";
  const plain = await fixture.run(sandbox, script);
  await fixture.ended(plain);
  assert.equal((await fixture.logs(plain)).match(/not permitted|permission denied/g)?.length, 3);
  const admin = await fixture.run(sandbox, "mount -t tmpfs x /tmp && unshare -u true && echo yes", {
    security: { ...fixture.spec().security, addCapabilities: ["SYS_ADMIN"] },
  });
  await fixture.ended(admin);
  assert.equal(await fixture.logs(admin), "yes\n");
  const privileged = await fixture.run(sandbox, "mount -t tmpfs x /tmp && ls /dev/null /dev/zero && echo yes", {
    security: { ...fixture.spec().security, privileged: true },
  });
  await fixture.ended(privileged);
  assert.match(await fixture.logs(privileged), /yes/);
});

test("a read-only root refuses writes, a mount takes them, the termination message is read", async () => {
  const message = join(fixture.directory, "message");
  await writeFile(message, "");
  const id = await fixture.run(await fixture.sandbox(), "exec 2>&1; touch /x || echo refused; echo -n bye > /dev/termination-log", {
    security: { ...fixture.spec().security, readOnlyRoot: true },
    mounts: [{ hostPath: message, containerPath: "/dev/termination-log", readOnly: false, propagation: "private" }],
  });
  const status = await fixture.ended(id);
  assert.equal(status.message, "bye");
  assert.match(await fixture.logs(id), /Read-only file system\nrefused/);
});

test("two containers of a sandbox share hostname and shared memory, not files nor processes", async () => {
  const sandbox = await fixture.sandbox();
  const first = await fixture.run(sandbox, "echo shared > /dev/shm/x; touch /mine; exec sleep 100");
  assert.equal((await fixture.runtime.execSync(first, ["cat", "/dev/shm/x"], 5000)).output, "shared\n");
  const second = await fixture.run(sandbox, "exec 2>&1; cat /dev/shm/x; ls /mine; ps | grep -c 'sleep 10[0]'; readlink /proc/self/ns/net");
  await fixture.ended(second);
  assert.match(await fixture.logs(second), /^shared\nls: \/mine: No such file or directory\n0\nnet:/);
});

test("with a shared process namespace containers see each other", async () => {
  const sandbox = await fixture.sandbox({ shareProcessNamespace: true });
  const first = await fixture.run(sandbox, "exec sleep 12345");
  const second = await fixture.run(sandbox, "ps | grep 'sleep 1234[5]'; pidof none; sleep 54321 & exit 0");
  await fixture.ended(second);
  assert.match(await fixture.logs(second), /sleep 12345/);
  assert.equal((await fixture.runtime.containerStatus(first))?.state, "running");
  await fixture.runtime.removeSandbox(sandbox);
});

test("the stop signal comes first, the kill after the grace", async () => {
  const sandbox = await fixture.sandbox();
  const polite = await fixture.run(sandbox, "trap 'echo leaving; exit 4' USR1; echo up; while :; do sleep 0.05; done", {
    stopSignal: "SIGUSR1",
  });
  await waitFor(async () => (await fixture.logs(polite)) === "up\n");
  await fixture.runtime.stopContainer(polite, 5000);
  assert.equal((await fixture.runtime.containerStatus(polite))?.exitCode, 4);
  assert.equal(await fixture.logs(polite), "up\nleaving\n");
  const deaf = await fixture.run(sandbox, "trap '' TERM; echo up; while :; do sleep 0.05; done");
  await waitFor(async () => (await fixture.logs(deaf)) === "up\n");
  await fixture.runtime.stopContainer(deaf, 100);
  const status = await fixture.runtime.containerStatus(deaf);
  assert.deepEqual([status?.exitCode, status?.reason], [137, "Error"]);
});

test("too much memory ends in OOMKilled", async () => {
  const id = await fixture.run(await fixture.sandbox(), "exec tail /dev/zero", { resources: { memoryLimitBytes: 16 << 20 } });
  const status = await fixture.ended(id);
  assert.deepEqual([status.exitCode, status.reason], [137, "OOMKilled"]);
});

test("exits are told", async () => {
  const told: string[] = [];
  let hear = (): void => {};
  const end = fixture.runtime.onEvent(({ type, containerId }: RuntimeEvent) => {
    if (type === "container-exited") told.push(containerId as string);
    hear();
  });
  const id = await fixture.run(await fixture.sandbox(), "exit 0");
  while (!told.includes(id)) {
    await new Promise<void>((resolve) => {
      hear = resolve;
    });
  }
  end();
  assert.equal((await fixture.ended(id)).reason, "Completed");
  assert.equal(told.filter((one) => one === id).length, 1);
});

test("exec passes input, output, error output and the exit code", async () => {
  const id = await fixture.run(await fixture.sandbox(), "exec sleep 100");
  const user = client();
  user.type("hello\n");
  user.endInput();
  const result = await fixture.runtime.exec(id, exec(["sh", "-c", "cat; echo oops >&2; cat /dev/stdin; exit 7"]), user.streams, never);
  assert.deepEqual([result.exitCode, user.seen.out, user.seen.err], [7, "hello\n", "oops\n"]);
  assert.equal((await fixture.runtime.exec(id, exec(["sh", "-c", "kill -9 $$"]), client().streams, never)).exitCode, 137);
  await assert.rejects(
    fixture.runtime.exec(id, exec(["nonesuch"]), client().streams, never),
    /exec: "nonesuch": executable file not found in \$PATH/,
  );
});

test("a command dies with its client", async () => {
  const id = await fixture.run(await fixture.sandbox(), "exec sleep 100");
  const leaving = new AbortController();
  const user = client();
  const running = fixture.runtime.exec(id, exec(["sh", "-c", "echo up; exec sleep 4321"]), user.streams, leaving.signal);
  await user.until("up");
  leaving.abort();
  assert.equal((await running).exitCode, 137);
  assert.doesNotMatch((await fixture.runtime.execSync(id, ["ps"], 5000)).output, /4321/);
});

test("a command that is too slow for its probe is killed", async () => {
  const id = await fixture.run(await fixture.sandbox(), "exec sleep 100");
  await assert.rejects(fixture.runtime.execSync(id, ["sleep", "4321"], 100), /command timed out after 0.1s/);
  assert.doesNotMatch((await fixture.runtime.execSync(id, ["ps"], 5000)).output, /4321/);
  assert.deepEqual(await fixture.runtime.execSync(id, ["sh", "-c", "echo a; echo b >&2; exit 3"], 5000), { exitCode: 3, output: "a\nb\n" });
});

test("a terminal has the client's size, echoes, and its command's exit code comes back", async () => {
  const id = await fixture.run(await fixture.sandbox(), "exec sleep 100");
  const user = client({ width: 111, height: 33 });
  const running = fixture.runtime.exec(id, exec(["sh"], true), user.streams, never);
  user.type("until [ \"$(stty size)\" = '33 111' ]; do :; done; echo sized; tty; exit 9\n");
  assert.equal((await running).exitCode, 9);
  assert.match(user.seen.out, /sized\r\n\/dev\/pts\/\d/);
  await assert.rejects(
    fixture.runtime.exec(id, exec(["nonesuch"], true), client().streams, never),
    /"nonesuch": executable file not found/,
  );
});

test("attach speaks with the main process", async () => {
  const id = await fixture.run(await fixture.sandbox(), "while read x; do echo got $x; [ $x = quit ] && exit 5; done", { stdin: true });
  const user = client();
  const attached = fixture.runtime.attach(id, { tty: false, stdin: true, stdout: true, stderr: true }, user.streams, never);
  user.type("one\n");
  await user.until("got one");
  user.type("quit\n");
  await attached;
  assert.equal(user.seen.out, "got one\ngot quit\n");
  assert.equal((await fixture.ended(id)).exitCode, 5);
});

test("a container with a terminal is attached to as one; the client may leave and it runs on", async () => {
  const id = await fixture.run(await fixture.sandbox(), "exec sh -i", { stdin: true, tty: true });
  const leaving = new AbortController();
  const user = client({ width: 90, height: 20 });
  const attached = fixture.runtime.attach(id, { tty: true, stdin: true, stdout: true, stderr: false }, user.streams, leaving.signal);
  user.type("tty; echo $((40+2))\n");
  await user.until("42");
  assert.match(user.seen.out, /\/dev\/pts\/0/);
  leaving.abort();
  await attached;
  assert.equal((await fixture.runtime.containerStatus(id))?.state, "running");
});

test("a port on loopback inside the sandbox is reached from outside", async () => {
  const sandbox = await fixture.sandbox();
  const id = await fixture.run(sandbox, "echo hi > /tmp/index.html; exec httpd -f -p 127.0.0.1:8080 -h /tmp");
  await waitFor(async () => (await fixture.runtime.execSync(id, ["sh", "-c", "netstat -ltn | grep -q 8080"], 5000)).exitCode === 0);
  const connection = await fixture.runtime.portForward(sandbox, 8080);
  let text = "";
  const ended = new Promise<void>((resolve) =>
    connection.read(
      (bytes) => void (text += new TextDecoder().decode(bytes)),
      () => resolve(),
    ),
  );
  await connection.write(new TextEncoder().encode("GET /index.html HTTP/1.0\r\n\r\n"));
  await ended;
  assert.match(text, /200 OK[\s\S]*\r\n\r\nhi\n$/);
  connection.destroy();
  await assert.rejects(fixture.runtime.portForward(sandbox, 8081), /failed to connect to localhost:8081/);
});

test("a host port leads to the Pod until its sandbox stops", async () => {
  const listener = createServer((socket) => socket.end("from the Pod"));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const containerPort = (listener.address() as AddressInfo).port;
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  const hostPort = (free.address() as AddressInfo).port;
  const ports = [{ containerPort, hostPort, hostIp: "127.0.0.1", protocol: "TCP" as const }];
  await assert.rejects(fixture.sandbox({ ports }), new RegExp(`cannot open host port ${hostPort}`));
  await new Promise((resolve) => free.close(resolve));
  // The test's network gives every Pod the address 127.0.0.1, so that this process can play the Pod.
  const sandbox = await fixture.sandbox({ ports });
  const dial = (): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = "";
      connect(hostPort, "127.0.0.1")
        .on("data", (bytes) => (text += bytes))
        .on("end", () => resolve(text))
        .on("error", reject);
    });
  assert.equal(await dial(), "from the Pod");
  await fixture.runtime.stopSandbox(sandbox);
  await assert.rejects(dial(), /ECONNREFUSED/);
  listener.close();
});

test("a read-only root leaves the image's own volumes writable", async () => {
  const archive = await dockerArchive([
    { tags: ["volumes"], layers: [busyboxFiles()], config: { Volumes: { "/cache": {} }, WorkingDir: "/srv/here", User: "web" } },
  ]);
  const [image] = await loadArchive(fixture.store, Readable.from([archive]));
  const id = await fixture.run(await fixture.sandbox(), "exec 2>&1; touch /cache/x && echo wrote; touch /srv/x || pwd; id -u", {
    imageId: image?.id as string,
    security: { ...fixture.spec().security, readOnlyRoot: true, runAsUser: 0 },
  });
  await fixture.ended(id);
  assert.match(await fixture.logs(id), /wrote\n[^\n]*Read-only file system\n\/srv\/here\n0\n/);
});

test("logs: the last lines, a limit, timestamps, following to the end", async () => {
  const id = await fixture.run(await fixture.sandbox(), "for i in 1 2 3 4 5; do echo line $i; done; sleep 0.3; echo -n tail");
  let followed = "";
  await fixture.runtime.logs(id, { follow: true }, async (bytes) => void (followed += new TextDecoder().decode(bytes)), never);
  assert.equal(followed, "line 1\nline 2\nline 3\nline 4\nline 5\ntail");
  const read = async (options: object): Promise<string> => {
    let text = "";
    await fixture.runtime.logs(id, options, async (bytes) => void (text += new TextDecoder().decode(bytes)), never);
    return text;
  };
  assert.equal(await read({ tailLines: 2 }), "line 5\ntail");
  assert.equal(await read({ tailLines: 0 }), "");
  assert.equal(await read({ limitBytes: 9 }), "line 1\nli");
  assert.match(await read({ tailLines: 2, timestamps: true }), /^\d{4}-\d\d-\d\dT[\d:.]+Z line 5\n\d{4}\S+Z tail$/);
  assert.equal(await read({ sinceTime: "2999-01-01T00:00:00Z" }), "");
});

test("a removed sandbox leaves no process, mount, control group, lease or file", async () => {
  const own = await ociFixture();
  const before = traces(own.directory);
  const sandbox = await own.sandbox({ shareProcessNamespace: true });
  await own.run(sandbox, "sleep 77777 & sleep 77777");
  const other = await own.sandbox();
  await own.run(other, "sleep 77777");
  await own.run(other, "exit 1");
  assert.ok(traces(own.directory).length > before.length + 10);
  await own.runtime.removeSandbox(sandbox);
  await own.runtime.removeSandbox(other);
  await own.runtime.removeSandbox(other);
  await waitFor(async () => traces(own.directory).length === before.length);
  assert.deepEqual(traces(own.directory), before);
  await own.end();
});

/** Everything of a runtime that can be seen on the machine. */
function traces(directory: string): string[] {
  const list = (path: string): string[] => {
    try {
      return readdirSync(path).map((name) => join(path, name));
    } catch {
      return [];
    }
  };
  const read = (path: string): string => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return "";
    }
  };
  const processes = list("/proc").filter(
    (path) => /^\/proc\/\d+$/.test(path) && new RegExp(`${directory}|77777`).test(read(`${path}/cmdline`)),
  );
  const mounts = read("/proc/self/mountinfo")
    .split("\n")
    .filter((line) => line.includes(directory));
  const name = `windlass-${createHash("sha256").update(join(directory, "runtime")).digest("hex").slice(0, 12)}`;
  const groups = list("/sys/fs/cgroup")
    .flatMap((tree) => [tree, ...list(tree)])
    .filter((path) => path.includes(name));
  const files = ["runtime/sandboxes", "runtime/containers", "runtime/exits", "runtime/engine", "netns", "images/leases"].flatMap((part) =>
    list(join(directory, part)),
  );
  return [...processes, ...mounts, ...groups, ...files].sort();
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("the condition did not come true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
