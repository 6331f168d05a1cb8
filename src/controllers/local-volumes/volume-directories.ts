/** The contract of where provisioned volumes keep their files. */
export interface VolumeDirectories {
  /** Makes the directory of a volume, open to every user, and returns its path. What is in it already stays. */
  create(volumeName: string): Promise<string>;
  /** Removes the directory and everything in it. Idempotent. */
  remove(volumeName: string): Promise<void>;
}

/** Where nothing is stored: nodes that run no container. */
export const noVolumeDirectories: VolumeDirectories = {
  create: async (volumeName) => `/simulated/volumes/${volumeName}`,
  remove: async () => {},
};
