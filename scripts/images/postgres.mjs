// The distribution's PostgreSQL by the conventions of the official image, under the names of two versions of it: the server is
// the same behind both, the image is not, so that an update from one to the other is a real one.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layer } from "./archive.mjs";
import { baseLayer, group, passwd, path } from "./base.mjs";
import { fromDebian } from "./debian.mjs";
import { addCopy, addFolder, file, folder, link } from "./tree.mjs";

const packages = ["postgresql", "postgresql-client", "bash", "util-linux", "libnss-wrapper", "tzdata", "libc-bin", "locales"];

const scripts = ["docker-entrypoint.sh", "postgres", "su-exec", "translate.awk"];
const owner = { uid: 70, gid: 70 };
const data = "/var/lib/postgresql/data";
const locale = "en_US.utf8";

/** What of the package is no use in a container: message catalogues, manuals, and what compiles queries with LLVM. */
const leftOut = /(^|\/)(bitcode|man|pgxs)\/|llvmjit|\.mo$|\.a$|\/pg_upgrade$/;

function serverTree(debian, major) {
  const tree = new Map();
  const home = `usr/lib/postgresql/${major}`;
  const share = `usr/share/postgresql/${major}`;
  const isWanted = (name) => !leftOut.test(name);
  for (const name of ["postgresql", "postgresql-client"]) {
    addFolder(tree, home, debian.in(name, home), isWanted);
    addFolder(tree, share, debian.in(name, share), isWanted);
  }
  // Under its own name stands the script that knows what older servers were told.
  const binary = `${home}/server/postgres`;
  tree.set(binary, tree.get(`${home}/bin/postgres`));
  const own = (name) => readFileSync(new URL(`postgres/${name}`, import.meta.url), "utf8");
  const filled = (name) => own(name).replace("@server@", `/${binary}`).replace("@major@", major).replace("@share@", `/${share}`);
  tree.set(`${home}/bin/postgres`, file(filled("postgres"), 0o755));
  tree.set(`${share}/translate.awk`, file(own("translate.awk")));
  for (const name of [...tree.keys()].filter((each) => each.startsWith(`${home}/bin/`))) {
    tree.set(`usr/local/bin/${name.slice(name.lastIndexOf("/") + 1)}`, link(`/${name}`));
  }
  tree.set("usr/local/share/postgresql", link(`/${share}`));
  const sample = tree.get(`${share}/postgresql.conf.sample`);
  // The server is asked from other containers.
  sample.data = Buffer.from(sample.data.toString().replace(/^#?listen_addresses = '[^']*'/m, "listen_addresses = '*'"));

  tree.set("usr/local/bin/docker-entrypoint.sh", file(own("docker-entrypoint.sh"), 0o755));
  tree.set("docker-entrypoint.sh", link("/usr/local/bin/docker-entrypoint.sh"));
  tree.set("docker-entrypoint-initdb.d", folder());
  for (const name of ["su-exec", "gosu"]) tree.set(`usr/local/bin/${name}`, file(own("su-exec"), 0o755));
  addCopy(tree, "usr/bin/setpriv", debian.in("util-linux", "usr/bin/setpriv"));
  addCopy(tree, "usr/bin/locale", debian.in("libc-bin", "usr/bin/locale"));
  addCopy(tree, "bin/bash", debian.in("bash", "bin/bash"));
  addCopy(tree, "lib/libnss_wrapper.so", debian.in("libnss-wrapper", libraryPath(debian, "libnss-wrapper", "libnss_wrapper.so")));

  addFolder(tree, "usr/share/zoneinfo", debian.in("tzdata", "usr/share/zoneinfo"), (name) => !/^(posix|right)\//.test(name));
  addFolder(tree, "usr/lib/locale/C.utf8", debian.in("libc-bin", "usr/lib/locale/C.utf8"));
  addLocale(tree, debian);
  tree.set("etc/passwd", file(passwd(`postgres:x:70:70:PostgreSQL:/var/lib/postgresql:/bin/sh`)));
  tree.set("etc/group", file(group("postgres:x:70:")));
  tree.set("var/lib/postgresql", folder(0o755, owner));
  tree.set(data.slice(1), folder(0o700, owner));
  tree.set("run/postgresql", folder(0o3777, owner));
  debian.addLibraries(tree);
  return tree;
}

function libraryPath(debian, name, base) {
  const lib = debian.in(name, "usr/lib");
  const found = readdirSync(lib, { recursive: true }).find((each) => each.endsWith(`/${base}`));
  return join("usr/lib", found);
}

/** Compiles the locale that the official image sets; of the distribution only its source comes in a package. */
function addLocale(tree, debian) {
  const scratch = mkdtempSync(join(tmpdir(), "windlass-locale-"));
  try {
    const result = join(scratch, locale);
    const environment = { ...process.env, I18NPATH: debian.in("locales", "usr/share/i18n") };
    const { stderr } = spawnSync("localedef", ["--no-archive", "-i", "en_US", "-f", "UTF-8", result], {
      encoding: "utf8",
      env: environment,
    });
    if (!existsSync(join(result, "LC_CTYPE"))) throw new Error(`localedef failed: ${stderr}`);
    addFolder(tree, `usr/lib/locale/${locale}`, result);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

export const recipe = {
  from: packages,
  archive: "postgres.tar",
  sources: ["postgres.mjs", ...scripts.map((name) => `postgres/${name}`)],
  async make() {
    const debian = fromDebian(packages);
    const major = /\d+$/.exec(debian.name("postgresql"))[0];
    const base = await baseLayer();
    const whole = await layer(serverTree(debian, major));
    const version = versionOf(debian, major);
    const image = async (tag) => ({
      tag: `postgres:${tag}`,
      layers: [base, whole, await layer(new Map([["etc/image-version", file(`postgres:${tag} (PostgreSQL ${version})\n`)]]))],
      config: {
        Env: [path, `LANG=${locale}`, `PG_MAJOR=${major}`, `PG_VERSION=${version}`, `PGDATA=${data}`],
        Entrypoint: ["docker-entrypoint.sh"],
        Cmd: ["postgres"],
        ExposedPorts: { "5432/tcp": {} },
        Volumes: { [data]: {} },
        StopSignal: "SIGINT",
        Labels: { "org.opencontainers.image.version": tag },
      },
    });
    return { packages: debian.packages, images: [await image("11.6-alpine"), await image("11.8-alpine")] };
  },
};

/** The version that the server says of itself. */
function versionOf(debian, major) {
  const bytes = readFileSync(debian.in("postgresql", `usr/lib/postgresql/${major}/bin/postgres`)).toString("latin1");
  return /PostgreSQL\) (\d+(\.\d+)+)/.exec(bytes)?.[1] ?? major;
}
