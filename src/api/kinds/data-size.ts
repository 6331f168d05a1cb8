/** How much a ConfigMap or Secret may hold. */

/** 1 MiB, as the API has it. */
export const dataMaxBytes = 1024 * 1024;

const encoder = new TextEncoder();

/** Bytes of a text in UTF-8; counted only when it could matter for `dataMaxBytes`. */
export const textBytes = (text: string): number => (text.length * 3 < 4096 ? text.length : encoder.encode(text).length);

/** Bytes that a base64 text stands for. */
export const base64Bytes = (text: string): number =>
  Math.floor((text.length * 3) / 4) - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
