/** Image references as Docker's people write them: short names, tags and digests, and what they stand for. */

export interface ImageReference {
  /** The registry's host and port, `docker.io` for short names. */
  readonly registry: string;
  /** The path in the registry, e.g. `library/nginx`. */
  readonly repository: string;
  /** Undefined only where a digest stands instead. */
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

const digestPattern = /^sha256:[0-9a-f]{64}$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const hostPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const repositoryLengthMax = 255;

/** Whether a text is a digest, the only sort of image id there is. */
export const isDigest = (text: string): boolean => digestPattern.test(text);

/**
 * Takes a reference apart and fills in what Docker fills in: `nginx` is `docker.io/library/nginx:latest`.
 * Undefined: it is no reference, which Kubernetes calls `InvalidImageName`.
 */
export function parseReference(text: string): ImageReference | undefined {
  let rest = text;
  let digest: string | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!isDigest(digest)) return undefined;
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!tagPattern.test(tag)) return undefined;
  }
  const slash = rest.indexOf("/");
  const first = slash < 0 ? "" : rest.slice(0, slash);
  // A first part is a host when it could not be anything else: it has a dot, a port, capitals, or is `localhost`.
  const hasHost = slash >= 0 && (first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase());
  let registry = hasHost ? first : "docker.io";
  let repository = hasHost ? rest.slice(slash + 1) : rest;
  if (registry === "index.docker.io") registry = "docker.io";
  if (!hostPattern.test(registry)) return undefined;
  if (registry === "docker.io" && !repository.includes("/")) repository = `library/${repository}`;
  if (repository.length > repositoryLengthMax) return undefined;
  if (!repository.split("/").every((component) => componentPattern.test(component))) return undefined;
  if (tag === undefined && digest === undefined) tag = "latest";
  return { registry, repository, tag, digest };
}

/** The one full spelling of a reference: what equal references have in common. */
export function canonicalReference(reference: ImageReference): string {
  const name = `${reference.registry}/${reference.repository}`;
  if (reference.digest !== undefined) return `${name}@${reference.digest}`;
  return `${name}:${reference.tag}`;
}

/** The repository without tag and digest, in full. */
export const repositoryName = (reference: ImageReference): string => `${reference.registry}/${reference.repository}`;
