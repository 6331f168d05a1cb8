/** When did an image run? */
import type { Release } from "../records/release.ts";

/**
 * The releases of which an image, or a digest that its Pods ran, is meant by `query`: the whole name, the name without registry
 * and path, the name without its tag, a tag after a colon (`:v2`), or a digest or its beginning (`sha256:1f2e`).
 */
export const releasesWithImage = (releases: readonly Release[], query: string): readonly Release[] =>
  releases.filter(({ images, imageIds = {} }) =>
    [...Object.values(images), ...Object.values(imageIds)].some((image) => isMeant(image, query)),
  );

function isMeant(image: string, query: string): boolean {
  if (query === "") return false;
  if (image === query) return true;
  const [name = "", digest = ""] = image.split("@");
  if (query.startsWith("sha256:")) return digest.startsWith(query);
  if (query.startsWith(":")) return name.endsWith(query);
  const short = name.slice(name.lastIndexOf("/") + 1);
  const spellings = [name, short, name.replace(/:[^:/]*$/, ""), short.replace(/:.*$/, "")];
  return spellings.includes(query) || name.endsWith(`/${query}`);
}
