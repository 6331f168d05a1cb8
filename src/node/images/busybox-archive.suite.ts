/** Assembles a small image archive around a static busybox: what tests and examples run without a registry. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Header, pack } from "tar-stream";

export interface ArchiveFile {
  readonly path: string;
  readonly content?: Uint8Array | string;
  readonly mode?: number;
  readonly type?: "file" | "directory" | "symlink" | "link";
  readonly linkname?: string;
  readonly uid?: number;
}

export interface ArchiveImage {
  readonly tags: readonly string[];
  /** Lowest first. */
  readonly layers: readonly (readonly ArchiveFile[])[];
  /** The `config` part of the image's configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

const applets =
  "ash awk base64 cat chmod chown cp date dd df diff dirname du echo env expr false find free grep head hostname httpd id ifconfig ip kill ln ls md5sum mkdir mkfifo mknod mktemp more mount mv nc netstat nslookup ping printf ps pwd readlink rm rmdir sed seq sh sha256sum sleep sort stat stty sync tail tar tee test time timeout top touch tr true tty umount uname uniq unshare vi wc wget which whoami xargs yes";

/** The files of a root file system with busybox and the usual accounts. Throws when the machine has no static busybox at `busyboxPath`. */
export function busyboxFiles(busyboxPath = "/bin/busybox"): readonly ArchiveFile[] {
  return [
    ...["bin", "dev", "etc", "home", "proc", "root", "sys", "usr", "usr/bin", "var"].map(
      (path): ArchiveFile => ({ path, type: "directory" }),
    ),
    { path: "tmp", type: "directory", mode: 0o1777 },
    { path: "bin/busybox", content: readFileSync(busyboxPath), mode: 0o755 },
    ...applets.split(" ").map((name): ArchiveFile => ({ path: `bin/${name}`, type: "link", linkname: "bin/busybox" })),
    {
      path: "etc/passwd",
      content: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\nweb:x:1000:1001::/home:/bin/sh\n",
    },
    { path: "etc/group", content: "root:x:0:\nnogroup:x:65534:\nweb:x:1001:\nextra:x:2000:web\n" },
  ];
}

/** A layer as an uncompressed tar file. */
export async function layerTar(files: readonly ArchiveFile[]): Promise<Uint8Array> {
  const writer = pack();
  for (const file of files) {
    const type = file.type ?? "file";
    const header: Partial<Header> & { name: string } = {
      name: file.path,
      type,
      mode: file.mode ?? (type === "directory" ? 0o755 : 0o644),
      uid: file.uid ?? 0,
      gid: file.uid ?? 0,
      mtime: new Date(0),
      ...(file.linkname === undefined ? {} : { linkname: file.linkname }),
    };
    if (type === "file") writer.entry(header as Header, Buffer.from(file.content ?? ""));
    else writer.entry(header as Header);
  }
  writer.finalize();
  return collect(writer as unknown as AsyncIterable<Uint8Array>);
}

/** An archive as `docker save` writes it. */
export async function dockerArchive(images: readonly ArchiveImage[]): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const manifest: unknown[] = [];
  for (const image of images) {
    const layers = await Promise.all(image.layers.map(layerTar));
    const digests = layers.map(sha256Hex);
    const config = Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["sh"], ...image.config },
        rootfs: { type: "layers", diff_ids: digests.map((digest) => `sha256:${digest}`) },
      }),
    );
    for (const [i, layer] of layers.entries()) files.set(`${digests[i]}/layer.tar`, layer);
    files.set(`${sha256Hex(config)}.json`, config);
    manifest.push({ Config: `${sha256Hex(config)}.json`, RepoTags: image.tags, Layers: digests.map((digest) => `${digest}/layer.tar`) });
  }
  files.set("manifest.json", Buffer.from(JSON.stringify(manifest)));
  const writer = pack();
  for (const [name, content] of files) writer.entry({ name }, Buffer.from(content));
  writer.finalize();
  return collect(writer as unknown as AsyncIterable<Uint8Array>);
}

const sha256Hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
