/** Labels that lie: a version label that says something else than the image's tag. */
import type { PodTemplateSpec } from "../../api/types.ts";

/** Labels by which people tell versions. */
const versionLabels = ["version", "app.kubernetes.io/version"] as const;

/** One sentence for each label of the template that no image agrees with, without a full stop. */
export function disagreements(template: PodTemplateSpec): readonly string[] {
  const images = (template.spec?.containers ?? []).map(({ image }) => image ?? "");
  const tags = images.map(tagOf).filter((tag) => tag !== undefined);
  // Without tags that look like versions there is nothing to compare with.
  if (tags.length === 0 || !tags.some(looksLikeVersion)) return [];
  return versionLabels.flatMap((label) => {
    const value = template.metadata?.labels?.[label];
    if (!value || !looksLikeVersion(value) || tags.some((tag) => agree(value, tag))) return [];
    return [`label ${label} says ${value}, but the image is ${images.join(", ")}`];
  });
}

/** `v1` of `kiamol/ch09-vweb:v1`; undefined where there is none, or only a digest. */
function tagOf(image: string): string | undefined {
  const [name = ""] = image.split("@");
  const short = name.slice(name.lastIndexOf("/") + 1);
  const colon = short.indexOf(":");
  return colon < 0 ? undefined : short.slice(colon + 1);
}

const looksLikeVersion = (text: string): boolean => /\d/.test(text);

/** `v1.2` and `1.2` are one; `1.2` and `1.2-alpine` as well. */
function agree(label: string, tag: string): boolean {
  const [a, b] = [bare(label), bare(tag)];
  return a === b || b.startsWith(`${a}-`) || a.startsWith(`${b}-`);
}

const bare = (text: string): string => text.toLowerCase().replace(/^v(?=\d)/, "");
