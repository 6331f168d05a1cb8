/** certificatesigningrequests/approval: says yes or no to a request, and nothing else. */
import { keepAllBut } from "../core/main-resource.ts";
import type { Subresource } from "../core/subresource.ts";

export const approval: Subresource = {
  name: "approval",
  readable: true,
  update: {
    whole: false,
    keepsGeneration: true,
    prepare(object, old) {
      const conditions: unknown = object.status?.conditions;
      keepAllBut(object, old, "");
      object.status = { ...old.status, ...(conditions !== undefined && { conditions }) };
    },
    validate: () => [],
  },
};
