/** Looks into an image without mounting it: layer by layer, uppermost first, as overlayfs would. */
import { lstat, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { ImageRoot } from "../images/image-store.node.ts";
import { throughLinks } from "../images/layer-path.ts";

const fileBytesMax = 1024 * 1024;
const linksMax = 10;

/** Whether the image has something at an absolute path. Links are not followed. */
export async function imageHas(root: ImageRoot, path: string): Promise<boolean> {
  return (await findInLayers(root, path.replace(/^\/+/, ""))) !== undefined;
}

/** A small text file of the image; "" when there is none. Links are followed within the image. */
export async function imageText(root: ImageRoot, path: string): Promise<string> {
  let current = path.replace(/^\/+/, "");
  for (let i = 0; i < linksMax; i++) {
    const found = await findInLayers(root, current);
    if (!found) return "";
    const stats = await lstat(found);
    if (stats.isSymbolicLink()) {
      const target = throughLinks(`${current}/.`, new Map([[current, await readlink(found)]]));
      if (target === undefined) return "";
      current = target.replace(/\/?\.$/, "");
    } else {
      return stats.isFile() && stats.size <= fileBytesMax ? await readFile(found, "utf8") : "";
    }
  }
  return "";
}

async function findInLayers(root: ImageRoot, path: string): Promise<string | undefined> {
  const parts = path.split("/").filter((part) => part !== "");
  layers: for (const layer of root.layers) {
    let at = join(root.layersDirectory, layer);
    for (const [i, part] of parts.entries()) {
      at = join(at, part);
      const stats = await lstat(at).catch(() => undefined);
      if (!stats) continue layers;
      // A whiteout of the path or of a directory above it hides all layers below.
      if (stats.isCharacterDevice() && stats.rdev === 0) return undefined;
      if (i < parts.length - 1 && !stats.isDirectory()) return undefined;
    }
    return at;
  }
  return undefined;
}
