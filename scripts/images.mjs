#!/usr/bin/env node
// Assembles the example images from the distribution's packages and leaves docker-save archives under images/.
// No registry is asked. The layout follows the official nginx image: content in /usr/share/nginx/html, sites in
// /etc/nginx/conf.d, logs on stdout and stderr, SIGQUIT to stop.
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ensureDependencies, ensurePackages, root, step, unpackDebianPackages } from "./setup.mjs";

ensureDependencies();
const tar = (await import("tar-stream")).default;
const target = join(root, "images");

/** What is inside an image does not depend on when it was made: everything carries this time. */
const madeAt = new Date("2026-01-01T00:00:00Z");

const applets = (
  "sh ash cat ls cp mv rm mkdir rmdir ln touch echo printf env sleep true false test id whoami hostname date ps kill top df du mount umount grep sed awk " +
  "head tail cut sort uniq wc tr find xargs vi more less tar gzip gunzip wget nc nslookup ping ip ifconfig netstat httpd od hexdump md5sum sha256sum seq stat chmod chown dd tee which basename dirname pwd uname yes time timeout expr nohup"
).split(" ");

/** A file tree: path without a leading slash to a file, a link or a folder. */
const file = (data, mode = 0o644) => ({ type: "file", data: Buffer.isBuffer(data) ? data : Buffer.from(data), mode });
const link = (to) => ({ type: "symlink", linkname: to });
const folder = (mode = 0o755) => ({ type: "directory", mode });

function baseTree() {
  const tree = new Map();
  for (const name of [
    "bin",
    "dev",
    "etc",
    "proc",
    "root",
    "run",
    "sbin",
    "sys",
    "usr",
    "usr/bin",
    "usr/sbin",
    "var",
    "var/log",
    "var/cache",
    "home",
  ]) {
    tree.set(name, folder(name === "root" ? 0o700 : 0o755));
  }
  tree.set("tmp", folder(0o1777));
  tree.set("var/run", link("/run"));
  tree.set("bin/busybox", file(readFileSync("/bin/busybox"), 0o755));
  for (const name of applets) tree.set(`bin/${name}`, link("/bin/busybox"));
  tree.set(
    "etc/passwd",
    file("root:x:0:0:root:/root:/bin/sh\nnginx:x:101:101:nginx:/var/cache/nginx:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
  );
  tree.set("etc/group", file("root:x:0:\nnginx:x:101:\nnogroup:x:65534:\n"));
  tree.set("etc/nsswitch.conf", file("passwd: files\ngroup: files\nhosts: files dns\n"));
  tree.set("etc/os-release", file('ID=windlass-example\nNAME="Windlass example image"\n'));
  return tree;
}

function nginxTree() {
  const packages = ["nginx", "nginx-common", "libc6", "libcrypt1", "libpcre2-8-0", "libssl3", "zlib1g"];
  const folders = new Map(unpackDebianPackages(packages).map((path, index) => [packages[index], path]));
  const tree = new Map();
  const add = (to, from) => tree.set(to, file(readFileSync(realpathSync(from)), lstatSync(realpathSync(from)).mode & 0o777));
  add("usr/sbin/nginx", join(folders.get("nginx"), "usr/sbin/nginx"));
  add("etc/nginx/mime.types", join(folders.get("nginx-common"), "etc/nginx/mime.types"));
  const wanted =
    /^(ld-linux.*|libc|libm|libcrypt|libpcre2-8|libssl|libcrypto|libz|libdl|libpthread|libnss_(dns|files)|libresolv)\.so(\.\d+)+$|^ld-linux-[\w-]+\.so\.\d$/;
  for (const name of ["libc6", "libcrypt1", "libpcre2-8-0", "libssl3", "zlib1g"]) {
    for (const path of walk(folders.get(name))) {
      const base = path.slice(path.lastIndexOf("/") + 1);
      if (/\/lib\//.test(`/${path}`) && wanted.test(base)) add(`lib/${base}`, join(folders.get(name), path));
    }
  }
  const loader = [...tree.keys()].find((path) => path.startsWith("lib/ld-linux"));
  tree.set("lib64", folder());
  tree.set(`lib64/${loader.slice(4)}`, link(`/${loader}`));
  // An absolute link in a package names a path of its own tree, which the copy above has followed.
  for (const name of [
    "etc/nginx",
    "etc/nginx/conf.d",
    "usr/share",
    "usr/share/nginx",
    "usr/share/nginx/html",
    "var/log/nginx",
    "var/cache/nginx",
    "var/lib",
    "var/lib/nginx",
    "lib",
  ]) {
    if (!tree.has(name)) tree.set(name, folder());
  }
  tree.set("var/log/nginx/access.log", link("/dev/stdout"));
  tree.set("var/log/nginx/error.log", link("/dev/stderr"));
  tree.set(
    "etc/nginx/nginx.conf",
    file(
      [
        "user nginx;",
        "worker_processes 1;",
        "error_log /var/log/nginx/error.log notice;",
        "pid /run/nginx.pid;",
        "events { worker_connections 1024; }",
        "http {",
        "  include /etc/nginx/mime.types;",
        "  default_type application/octet-stream;",
        "  access_log /var/log/nginx/access.log;",
        "  sendfile on;",
        "  keepalive_timeout 65;",
        "  include /etc/nginx/conf.d/*.conf;",
        "}",
        "",
      ].join("\n"),
    ),
  );
  tree.set(
    "etc/nginx/conf.d/default.conf",
    file(
      "server {\n  listen 80;\n  server_name localhost;\n  location / {\n    root /usr/share/nginx/html;\n    index index.html;\n  }\n}\n",
    ),
  );
  tree.set("usr/share/nginx/html/index.html", file("<!DOCTYPE html>\n<title>nginx</title>\n<h1>It serves.</h1>\n"));
  return tree;
}

function* walk(top, below = "") {
  for (const entry of readdirSync(join(top, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(top, path);
    else if (existsSync(join(top, path)) || !readlinkSync(join(top, path)).startsWith("/")) yield path;
  }
}

const page = (version, colour) =>
  `<!DOCTYPE html>\n<html lang="en">\n  <head><meta charset="utf-8"><title>vweb ${version}</title></head>\n` +
  `  <body style="margin: 0; display: grid; place-items: center; height: 100vh; background: ${colour}; font: 4rem system-ui, sans-serif">\n    <h1>${version}</h1>\n  </body>\n</html>\n`;

const contentTree = (version, colour) =>
  new Map([
    ["usr/share/nginx/html/v.txt", file(`${version}\n`)],
    ["usr/share/nginx/html/index.html", file(page(version, colour))],
  ]);

/** One layer: the uncompressed tar of a tree, parents before children. */
async function layer(tree) {
  const pack = tar.pack();
  const chunks = [];
  pack.on("data", (chunk) => chunks.push(chunk));
  const done = new Promise((resolve, reject) => pack.on("end", resolve).on("error", reject));
  for (const path of [...tree.keys()].sort()) {
    const { data, ...header } = tree.get(path);
    const entry = { name: header.type === "directory" ? `${path}/` : path, mtime: madeAt, uid: 0, gid: 0, mode: 0o777, ...header };
    await new Promise((resolve, reject) => pack.entry(entry, data ?? "", (error) => (error ? reject(error) : resolve())));
  }
  pack.finalize();
  await done;
  return Buffer.concat(chunks);
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const history = (comment) => ({ created: madeAt.toISOString(), created_by: comment });

/** Writes a docker-save archive of images that share layers. */
async function save(name, images) {
  const pack = tar.pack();
  const chunks = [];
  pack.on("data", (chunk) => chunks.push(chunk));
  const done = new Promise((resolve, reject) => pack.on("end", resolve).on("error", reject));
  const put = (path, data) =>
    new Promise((resolve, reject) =>
      pack.entry({ name: path, mtime: madeAt, mode: 0o644 }, data, (error) => (error ? reject(error) : resolve())),
    );
  const written = new Set();
  const manifest = [];
  for (const { tag, layers, config } of images) {
    const paths = [];
    for (const bytes of layers) {
      const digest = sha256(bytes);
      const path = `${digest}/layer.tar`;
      if (!written.has(path)) await put(path, bytes);
      written.add(path);
      paths.push(path);
    }
    const body = Buffer.from(
      JSON.stringify({
        architecture: process.arch === "x64" ? "amd64" : process.arch,
        os: "linux",
        created: madeAt.toISOString(),
        config,
        rootfs: { type: "layers", diff_ids: layers.map((bytes) => `sha256:${sha256(bytes)}`) },
        history: layers.map(() => history("npm run images")),
      }),
    );
    const configPath = `${sha256(body)}.json`;
    if (!written.has(configPath)) await put(configPath, body);
    written.add(configPath);
    manifest.push({ Config: configPath, RepoTags: [tag], Layers: paths });
  }
  await put("manifest.json", JSON.stringify(manifest));
  pack.finalize();
  await done;
  mkdirSync(dirname(join(target, name)), { recursive: true });
  writeFileSync(join(target, `${name}.partial`), Buffer.concat(chunks));
  renameSync(join(target, `${name}.partial`), join(target, name));
  step(`images/${name}: ${images.map((image) => image.tag).join(", ")}`);
}

const missing = ensurePackages(["busybox-static"]);
if (missing.length > 0) throw new Error(`the Debian package ${missing.join(", ")} is needed: apt-get install ${missing.join(" ")}`);
const path = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
const nginxConfig = { Env: path, Cmd: ["nginx", "-g", "daemon off;"], StopSignal: "SIGQUIT", ExposedPorts: { "80/tcp": {} } };
const base = await layer(baseTree());
const nginx = await layer(nginxTree());
const v1 = await layer(contentTree("v1", "#8ecae6"));
const v2 = await layer(contentTree("v2", "#b7e4c7"));
const v3 = await layer(contentTree("v3", "#ffadad"));

await save("ch09-vweb.tar", [
  { tag: "kiamol/ch09-vweb:v1", layers: [base, nginx, v1], config: nginxConfig },
  { tag: "kiamol/ch09-vweb:v2", layers: [base, nginx, v2], config: nginxConfig },
  // The command is not there, so that this version can never start.
  { tag: "kiamol/ch09-vweb:v3", layers: [base, nginx, v3], config: { ...nginxConfig, Cmd: ["vweb-start", "--version", "v3"] } },
]);
await save("ch03-sleep.tar", [{ tag: "kiamol/ch03-sleep:latest", layers: [base], config: { Env: path, Cmd: ["sleep", "2147483647"] } }]);
