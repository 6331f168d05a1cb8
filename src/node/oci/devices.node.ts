/** Device files of the host, as the OCI runtime specification describes them. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { OciDevice } from "./oci-spec.ts";

/** Directories of /dev that a container has of its own. */
const own = new Set(["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console", "/dev/fd"]);

/** The device at `hostPath`, or all devices below it when it is a directory, at `containerPath` in the container. */
export async function readDevices(hostPath: string, containerPath = hostPath): Promise<readonly OciDevice[]> {
  if (own.has(hostPath)) return [];
  const stats = await lstat(hostPath);
  if (stats.isDirectory()) {
    const names = await readdir(hostPath);
    return (await Promise.all(names.map((name) => readDevices(join(hostPath, name), join(containerPath, name)).catch(() => [])))).flat();
  }
  if (!stats.isCharacterDevice() && !stats.isBlockDevice()) return [];
  // As the kernel packs a device number into 64 bits.
  const major = ((stats.rdev >> 8) & 0xfff) | (Math.floor(stats.rdev / 2 ** 32) & ~0xfff);
  const minor = (stats.rdev & 0xff) | (Math.floor(stats.rdev / 2 ** 12) & 0xfff00);
  return [
    {
      path: containerPath,
      type: stats.isBlockDevice() ? "b" : "c",
      major,
      minor,
      fileMode: stats.mode & 0o777,
      uid: stats.uid,
      gid: stats.gid,
    },
  ];
}
