/** A certificate signing request says who made it, whatever its maker says. */
import type { CertificateSigningRequest } from "../../api/types.ts";
import { type AdmissionRule, isResource } from "./admission.ts";

export const certificateRequester: AdmissionRule = {
  name: "CertificateRequester",
  concerns: (kind, operation, subresource) =>
    operation === "CREATE" && subresource === "" && isResource(kind, "certificates.k8s.io", "certificatesigningrequests"),
  mutate({ object, context }) {
    const { spec } = object as unknown as CertificateSigningRequest;
    if (!spec) return;
    const { name, groups, uid } = context.user;
    spec.username = name;
    spec.groups = [...groups];
    delete spec.extra;
    delete spec.uid;
    if (uid !== undefined) spec.uid = uid;
  },
};
