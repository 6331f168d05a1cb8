/**
 * Who sent what, where a server tells. The API shows no reader which user sent a write, so this is a capability beside it: an engine
 * that serves the writes itself has it, a controller of some cluster has not.
 */
import type { KubeObject } from "../../api/meta/object.ts";

/** The user behind a write, as authentication found it. */
export interface Author {
  /** The one that it counts for: with impersonation the one that was acted as. */
  readonly user: string;
  /** Who really sent it, where that is somebody else. */
  readonly impersonatedBy?: string;
  /** Whose change it carries out: who edited the configuration that the engine's own controllers roll out. */
  readonly onBehalfOf?: string;
}

/** As whom the engine's own release controllers write: rollbacks and changed configuration that nobody sent. */
export const engineUser = "system:windlass";

export interface Authors {
  /** Who last gave a workload the template of this digest (`templateDigest`); undefined where that is not known, or no longer. */
  authorOf(workload: KubeObject, template: string): Author | undefined;
}
