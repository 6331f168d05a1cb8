/** Takes off whatever compression a stream carries, told from its first bytes. */
import { PassThrough, type Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** The plain bytes of `source`, which is gzip, zstd or plain. An error of either side ends the result with it. */
export function decompress(source: Readable): Readable {
  const plain = new PassThrough();
  void begin(source, plain).catch((error: Error) => plain.destroy(error));
  return plain;
}

async function begin(source: Readable, plain: PassThrough): Promise<void> {
  let head: Buffer = Buffer.alloc(0);
  const iterator = source.iterator({ destroyOnReturn: false });
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    head = Buffer.concat([head, next.value]);
    if (head.length >= 6) break;
  }
  const rest = async function* () {
    yield head;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  };
  const decoder = decoderOf(head);
  if (decoder) await pipeline(rest, decoder, plain);
  else await pipeline(rest, plain);
}

function decoderOf(head: Buffer): Transform | undefined {
  const starts = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b)) return createGunzip();
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return createZstdDecompress();
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a)) throw new Error("xz compression is not supported: use gzip, zstd or none");
  if (starts(0x42, 0x5a, 0x68)) throw new Error("bzip2 compression is not supported: use gzip, zstd or none");
  return undefined;
}
