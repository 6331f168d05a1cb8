/** Which user a release is put down to. */
import type { KubeObject } from "../../api/meta/object.ts";
import { type Authors, engineUser } from "./authors.ts";
import { shortened } from "./history-object.ts";
import type { Release } from "./release.ts";

/**
 * Annotation: who is behind the present template. Whoever writes on behalf of a person may set it, with the template; the webhook of
 * `windlass controller` sets it to the user of each request, where it was asked to.
 */
export const changedByKey = "windlass.dev/changed-by";

/** As which field manager the release controllers write. */
export const ownManager = "windlass";

interface Circumstances {
  /** Digest of the template that was written. */
  readonly template: string;
  /** The field manager that wrote it, where the object tells. */
  readonly manager: string | undefined;
  /** The releases before. */
  readonly releases: readonly Release[];
  /** Absent where no server tells. */
  readonly authors: Authors | undefined;
}

/**
 * What a server says counts, and the annotation is only the name of whom it was done for. Where the server has forgotten, nobody is
 * named: an annotation can be written by anybody. Where no server tells at all, the annotation is all there is.
 */
export function writerOf(
  object: KubeObject,
  { template, manager, releases, authors }: Circumstances,
): Pick<Release, "user" | "impersonatedBy" | "onBehalfOf"> {
  const claim = object.metadata.annotations?.[changedByKey];
  const claimed = claim ? shortened(claim) : undefined;
  if (!authors) return claimed === undefined || isAnothers(claimed, manager, releases) ? {} : { user: claimed };
  const author = authors.authorOf(object, template);
  if (!author) return {};
  const isMeant = claimed !== undefined && ![claimed, engineUser].includes(author.user) && !isLeftOver(claimed, author.user, releases);
  return { ...author, ...(isMeant && { onBehalfOf: claimed }) };
}

/** Whether it is the name of who wrote before the release controllers did: they leave it in place, and act for nobody. */
function isAnothers(claimed: string, manager: string | undefined, releases: readonly Release[]): boolean {
  const last = releases.findLast(({ user }) => user === claimed);
  return manager === ownManager && last !== undefined && last.manager !== ownManager;
}

/** Whether it stood there already when another user wrote: annotations stay until somebody takes them away. */
function isLeftOver(claimed: string, user: string, releases: readonly Release[]): boolean {
  const last = releases.findLast((release) => (release.onBehalfOf ?? release.user) === claimed);
  return last !== undefined && last.user !== user;
}
