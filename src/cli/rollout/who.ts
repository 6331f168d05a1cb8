/** Who is behind a release, in words: the user where one is known, else the field manager. */
import { engineUser } from "../../release/records/authors.ts";
import type { Release } from "../../release/records/release.ts";
import { ownManager } from "../../release/records/writer.ts";
import { safeText } from "../../release/safe-text.ts";

const serviceAccount = /^system:serviceaccount:([^:]+):(.+)$/;
const unknown = "<unknown>";

/** For a cell of a table; `wide` shortens no name. `before`: the release before it. */
export function whoText(release: Release, before: Release | undefined, { wide }: { readonly wide: boolean }): string {
  const { user, manager, impersonatedBy, onBehalfOf } = release;
  if (!wide && isAutomatic(release, before))
    return onLine(onBehalfOf === undefined ? "windlass (automatic)" : `windlass for ${onBehalfOf}`);
  const name = user ?? manager ?? unknown;
  const shown = wide ? name : name.replace(serviceAccount, "sa:$1/$2");
  const sender = wide && impersonatedBy !== undefined ? ` (impersonated by ${impersonatedBy})` : "";
  return onLine(`${shown}${sender}${onBehalfOf === undefined ? "" : ` for ${onBehalfOf}`}`);
}

/** For the details of one release: the user and the field manager, and whether anybody asked for it. */
export function whoSentence(release: Release, before: Release | undefined): string {
  const manager = release.user === undefined || release.manager === undefined ? "" : `, with ${release.manager}`;
  const why = isRolledBackTo(release, before) ? `, automatic rollback from revision ${before?.number}` : "";
  const automatic = why === "" && isAutomatic(release, before) ? ", automatic" : why;
  return onLine(`${whoText(release, before, { wide: true })}${manager}${automatic}`);
}

/** Nobody asked for it: a release that failed was given up, or configuration changed that the workload follows. */
const isAutomatic = (release: Release, before: Release | undefined): boolean =>
  release.user === engineUser || (release.user === undefined && release.manager === ownManager) || isRolledBackTo(release, before);

const isRolledBackTo = ({ template, manager }: Release, before: Release | undefined): boolean =>
  manager === ownManager && before?.rollback?.to === template;

/** Names come from certificates, tokens and annotations: what would steer a terminal or break a table goes. */
const onLine = (text: string): string => safeText(text).replace(/[\t\n]+/g, " ");
