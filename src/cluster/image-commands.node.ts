/** `windlass image …`: works on the image store of a home, whether an engine runs there or not. */
import { open } from "node:fs/promises";
import type { HomeOptions } from "../cli/engine-commands.ts";
import { loadArchive } from "../node/images/archive.node.ts";
import { imageStore } from "../node/images/image-store.node.ts";
import { imageService } from "../node/images/pull.node.ts";
import { readRegistryConfig } from "../node/images/registry-config.node.ts";
import type { ImageStatus } from "../node/runtime.ts";
import { homeAt } from "./home.node.ts";

/** Takes archives in, one after another; `-` is standard input. */
export async function imageLoad(options: HomeOptions, files: readonly string[]): Promise<number> {
  // All are opened first, so that a file that is not there is said in a line and nothing is made for it.
  const opened = [];
  for (const file of files) opened.push({ file, handle: file === "-" ? undefined : await open(file).catch(explained(file)) });
  const store = await imageStore(homeAt(options.home).images);
  for (const { file, handle } of opened) {
    const loaded = await loadArchive(store, handle?.createReadStream() ?? process.stdin).catch(explained(file));
    for (const image of loaded) console.log(`Loaded image: ${image.tags.join(", ") || image.id}`);
  }
  return 0;
}

export async function imageList(options: HomeOptions): Promise<number> {
  const store = await imageStore(homeAt(options.home).images);
  const images = await store.list();
  const rows = images.flatMap((image) =>
    (image.tags.length > 0 ? image.tags : ["<none>"]).map((tag) => [tag, shortId(image), size(image.sizeBytes)]),
  );
  rows.sort((a, b) => ((a[0] as string) < (b[0] as string) ? -1 : 1));
  console.log(table([["IMAGE", "IMAGE ID", "SIZE"], ...rows]));
  return 0;
}

export async function imagePull(options: HomeOptions, reference: string): Promise<number> {
  const home = homeAt(options.home);
  const images = imageService(await imageStore(home.images), await readRegistryConfig(home.path));
  const image = await images.pull(reference, []);
  console.log(`Pulled: ${reference} (${image.id})`);
  return 0;
}

export async function imageRemove(options: HomeOptions, references: readonly string[]): Promise<number> {
  const store = await imageStore(homeAt(options.home).images);
  let failed = 0;
  for (const reference of references) {
    try {
      await store.remove(reference);
      console.log(`Removed: ${reference}`);
    } catch (error) {
      failed++;
      console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

/** Says which file it was. */
const explained =
  (file: string) =>
  (cause: NodeJS.ErrnoException): never => {
    const why = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new Error(`cannot load ${file === "-" ? "from standard input" : file}: ${why}`, { cause });
  };

const shortId = (image: ImageStatus): string => image.id.replace("sha256:", "").slice(0, 12);

function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)}GB` : `${(bytes / 1e6).toFixed(1)}MB`;
}

/** Columns padded with spaces, three between them. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
