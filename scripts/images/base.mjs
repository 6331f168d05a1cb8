// The lowest layer of all images: busybox as a shell with its tools, and the few files that programs expect of a system.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { layer } from "./archive.mjs";
import { file, folder, link } from "./tree.mjs";

/** The binary that the base is made of; from the Debian package `busybox-static`. */
export const busybox = "/bin/busybox";

/** Variables of every image. */
export const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Not in containers: what would start or stop a machine, and tools of a package manager that is not there. */
const leftOut =
  /^(busybox|dpkg.*|halt|init|linuxrc|poweroff|reboot|rpm.*|sulogin|getty|login|telnetd|tftp.*|udhcp.*|.*modprobe|rmmod|insmod|depmod|modinfo|lsmod|mdev|run-init|pivot_root|switch_root|cttyhack|uevent)$/;

/** Tools that scripts call by a path below /usr/bin. */
const alsoInUsr =
  "awk basename clear cut dirname du env expr find free groups head hexdump id less md5sum mkfifo nc nohup nslookup od printf realpath seq sha256sum sort tail tee test time top tr tty uniq unzip uptime wc wget which who whoami xargs yes";

/** The tree of the base. */
export function baseTree() {
  const tree = new Map();
  for (const name of "bin dev etc home proc run sbin sys usr/bin usr/local/bin usr/sbin var/cache var/lib var/log".split(" ")) {
    tree.set(name, folder());
  }
  tree.set("root", folder(0o700));
  tree.set("tmp", folder(0o1777));
  tree.set("var/tmp", folder(0o1777));
  tree.set("var/run", link("/run"));
  tree.set("bin/busybox", file(readFileSync(busybox), 0o755));
  const applets = spawnSync(busybox, ["--list"], { encoding: "utf8" }).stdout.trim().split("\n");
  for (const name of applets.filter((each) => !leftOut.test(each))) tree.set(`bin/${name}`, link("/bin/busybox"));
  for (const name of alsoInUsr.split(" ").filter((each) => applets.includes(each))) tree.set(`usr/bin/${name}`, link("/bin/busybox"));
  tree.set("etc/passwd", file(passwd()));
  tree.set("etc/group", file(group()));
  tree.set("etc/nsswitch.conf", file("passwd: files\ngroup: files\nhosts: files dns\n"));
  tree.set("etc/os-release", file('ID=windlass-example\nNAME="Windlass example image"\n'));
  return tree;
}

/** The base as a layer, made once. */
let made;
export const baseLayer = () => {
  made ??= layer(baseTree());
  return made;
};

/** Lines of /etc/passwd: the base's accounts, then `more`. */
export const passwd = (...more) =>
  [
    "root:x:0:0:root:/root:/bin/sh",
    "nginx:x:101:101:nginx:/var/cache/nginx:/bin/false",
    "nobody:x:65534:65534:nobody:/:/bin/false",
    ...more,
    "",
  ].join("\n");

/** Lines of /etc/group: the base's groups, then `more`. */
export const group = (...more) => ["root:x:0:", "nginx:x:101:", "nogroup:x:65534:", ...more, ""].join("\n");
