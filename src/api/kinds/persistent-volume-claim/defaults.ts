/** What Kubernetes fills into a PersistentVolumeClaim, also where one stands inside another object. */
import type { PersistentVolumeClaim } from "../../types.ts";
import { spellQuantities } from "../quantities.ts";

/** Fills a claim. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  const spec = claim.spec;
  if (!spec) return;
  spec.volumeMode ||= "Filesystem";
  spellQuantities(spec.resources?.requests);
  spellQuantities(spec.resources?.limits);
}
