/** Manifests and indexes (OCI image specification, docker schema 2): which bytes make the image for this platform. */

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
}

export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What `Accept` says when a manifest is asked for. */
export const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

const platform = { os: "linux", architecture: "amd64" };
const indexDepthMax = 3;

/**
 * Follows indexes down to the manifest for linux/amd64. `document` fetches and parses what a descriptor names.
 * Throws an Error that says why there is none.
 */
export async function manifestFor(
  descriptor: unknown,
  document: (descriptor: Descriptor) => Promise<any>,
): Promise<{ readonly descriptor: Descriptor; readonly manifest: Manifest }> {
  let current = readDescriptor(descriptor);
  for (let depth = 0; depth < indexDepthMax; depth++) {
    const value = await document(current);
    if (Array.isArray(value?.manifests)) {
      const candidates: Descriptor[] = value.manifests.map(readDescriptor);
      const fitting = candidates.filter(
        ({ platform: p }) => p === undefined || (p.os === platform.os && p.architecture === platform.architecture),
      );
      const chosen = fitting.find((candidate) => candidate.platform !== undefined) ?? fitting[0];
      if (!chosen) throw new Error("no match for platform in manifest: linux/amd64");
      current = chosen;
    } else if (value?.config && Array.isArray(value.layers)) {
      return { descriptor: current, manifest: { config: readDescriptor(value.config), layers: value.layers.map(readDescriptor) } };
    } else if (value?.schemaVersion === 1) {
      throw new Error("docker's old manifests (schema 1) are not supported");
    } else {
      throw new Error("the manifest lists neither layers nor manifests");
    }
  }
  throw new Error("the image's indexes are nested too deeply");
}

function readDescriptor(value: unknown): Descriptor {
  const { mediaType, digest, size, platform: p } = (value ?? {}) as Record<string, any>;
  if (typeof digest !== "string" || !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new Error("a manifest names something without a sha256 digest");
  return {
    mediaType: typeof mediaType === "string" ? mediaType : "",
    digest,
    size: typeof size === "number" && size >= 0 ? size : 0,
    ...(p && typeof p === "object" ? { platform: p } : {}),
  };
}
