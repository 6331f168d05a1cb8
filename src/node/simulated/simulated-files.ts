/** The file system of a simulated node: every path is answered, nothing is kept. */
import type { PodFiles } from "../runtime.ts";

/** Files that nobody reads. */
export function simulatedFiles(): PodFiles {
  return {
    discards: true,
    writeVolume: async (podUid, plugin, volume) => `/simulated/${podUid}/volumes/${plugin}/${volume}`,
    emptyDir: async (podUid, volume) => `/simulated/${podUid}/volumes/empty-dir/${volume}`,
    hostPath: async (path) => path,
    subPath: async (volumePath, subPath) => `${volumePath}/${subPath}`,
    writeFile: async (podUid, name) => `/simulated/${podUid}/${name}`,
    readFile: async () => undefined,
    removePod: async () => {},
    listPods: async () => [],
  };
}
