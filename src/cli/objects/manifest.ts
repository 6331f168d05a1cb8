/** An object as a file has it. */
import type { AnyObject } from "../../api/meta/object.ts";

export interface Manifest {
  /** A copy of its own, free to be changed. Items of a List are manifests of their own. */
  readonly object: AnyObject;
  /** Where it is from: a path, an address, `STDIN`. */
  readonly source: string;
}

/** What -f, -R and -k were given. */
export interface ManifestSources {
  readonly filenames: readonly string[];
  readonly recursive: boolean;
  readonly kustomize: string;
}
