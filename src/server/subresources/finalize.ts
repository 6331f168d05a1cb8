/** namespaces/finalize: takes finalizers off spec; when none is left, a Namespace that is being deleted goes (API-96). */
import { keepAllBut, keepMetadata } from "../core/main-resource.ts";
import type { Subresource } from "../core/subresource.ts";

export const finalize: Subresource = {
  name: "finalize",
  readable: false,
  update: {
    whole: false,
    keepsGeneration: true,
    prepare(object, old) {
      const finalizers: readonly string[] | undefined = object.spec?.finalizers;
      keepAllBut(object, old, "");
      keepMetadata(object, old);
      const { finalizers: _, ...spec } = object.spec ?? {};
      object.spec = finalizers?.length ? { ...spec, finalizers } : spec;
    },
    validate: () => [],
  },
};
