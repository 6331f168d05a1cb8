/** 64 hexadecimal digits that depend on nothing but the text. Looks like a SHA-256, and isn't one. */
export function pseudoDigest(text: string): string {
  let digest = "";
  for (let round = 0; round < 8; round++) {
    let hash = (0x811c9dc5 ^ Math.imul(round + 1, 0x9e3779b9)) >>> 0;
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x85ebca6b) >>> 0;
    hash ^= hash >>> 13;
    digest += (hash >>> 0).toString(16).padStart(8, "0");
  }
  return digest;
}
