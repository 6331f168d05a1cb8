/** serviceaccounts/token: a bound token for a service account. Who signs is the authenticator's affair. */
import { methodNotAllowed, notFound } from "../../api/errors.ts";
import { subjectOf } from "../core/subject.ts";
import type { Subresource } from "../core/subresource.ts";

export const token: Subresource = {
  name: "token",
  readable: false,
  async post(core, kind, key, body, context) {
    const serviceAccount = core.storage.read(kind, key);
    if (!serviceAccount) throw notFound(subjectOf(kind, key.name));
    if (!core.issueToken) throw methodNotAllowed({ group: "", resource: "serviceaccounts/token" }, "create");
    return core.issueToken(serviceAccount.object, body, context);
  },
};
