/** What authorisation decides about, and how a refusal is worded. */
import { type ApiError, forbidden, forbiddenPath } from "../../api/errors.ts";
import type { User } from "../api.ts";

export interface ResourceAttributes {
  readonly type: "resource";
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  /** Undefined or "": all namespaces, or a resource outside of any. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export interface PathAttributes {
  readonly type: "path";
  readonly verb: string;
  readonly path: string;
}

export type AccessAttributes = ResourceAttributes | PathAttributes;

const quote = (text: string): string => JSON.stringify(text);

/** The sentence of a 403: `User "u" cannot list resource "pods" in API group "" in the namespace "n"`. */
function refusal(user: User, attributes: AccessAttributes): string {
  const who = `User ${quote(user.name)} cannot ${attributes.verb}`;
  if (attributes.type === "path") return `${who} path ${quote(attributes.path)}`;
  const { resource, subresource, group, namespace } = attributes;
  const what = subresource === undefined || subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined || namespace === "" ? "at the cluster scope" : `in the namespace ${quote(namespace)}`;
  return `${who} resource ${quote(what)} in API group ${quote(group)} ${where}`;
}

/** The 403 with Kubernetes' words. */
export function accessDenied(user: User, attributes: AccessAttributes): ApiError {
  const why = refusal(user, attributes);
  if (attributes.type === "path") return forbiddenPath(`forbidden: ${why}`);
  const subject = { group: attributes.group, resource: attributes.resource, ...(attributes.name && { name: attributes.name }) };
  return forbidden(subject, why);
}
