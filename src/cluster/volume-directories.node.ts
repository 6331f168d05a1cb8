/** The directories of provisioned volumes, in the home of the engine. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { VolumeDirectories } from "../controllers/local-volumes/volume-directories.ts";

/** They are open to every user, for Pods choose theirs; the home around them is open to its owner alone. */
const everyone = 0o777;

/** Keeps each volume under `top`, in a directory of its name. */
export const volumeDirectories = (top: string): VolumeDirectories => ({
  async create(volumeName) {
    const path = join(top, volumeName);
    await mkdir(path, { recursive: true });
    // What mkdir is told is narrowed by the process's mask.
    await chmod(path, everyone);
    return path;
  },
  remove: (volumeName) => rm(join(top, volumeName), { recursive: true, force: true }),
});
