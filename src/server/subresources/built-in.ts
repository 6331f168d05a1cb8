/** The subresources that only some resources have, by resource. Status and scale follow from a kind's declaration. */
import type { Subresource } from "../core/subresource.ts";
import { approval } from "./approval.ts";
import { binding } from "./binding.ts";
import { ephemeralContainers } from "./ephemeral-containers.ts";
import { eviction } from "./eviction.ts";
import { finalize } from "./finalize.ts";
import { resize } from "./resize.ts";
import { token } from "./token.ts";

/** Group and plural, then the faces. */
export const builtInSubresources: Readonly<Record<string, readonly Subresource[]>> = {
  "/pods": [binding, eviction, ephemeralContainers, resize],
  "/namespaces": [finalize],
  "/serviceaccounts": [token],
  "certificates.k8s.io/certificatesigningrequests": [approval],
};
