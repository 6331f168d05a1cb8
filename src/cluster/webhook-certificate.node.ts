/**
 * The certificate of the webhook: kept in a Secret that all replicas of the controller share, made by the first of them, and made anew
 * before it expires. The server learns whom to trust from the webhook's configuration, and of whom before anybody is served with it.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isAlreadyExists, isConflict, isForbidden, isNotFound } from "../api/errors.ts";
import type { KindRef } from "../api/kind.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import type { AnyObject } from "../api/meta/object.ts";
import type { Secret as SecretObject } from "../api/types.ts";
import type { Client } from "../client/client.ts";
import { certificateSecretName, controllerName, webhookConfigurationName } from "../release/controller/manifest.ts";
import { issuer, newAuthority } from "../server/auth/issue-certificates.node.ts";

/** The kind that names webhooks to the server. */
export const MutatingWebhookConfiguration: KindRef = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  scope: "Cluster",
};

const dayMs = 86_400_000;
const validDays = 365;
const renewBeforeMs = 30 * dayMs;
/** For clocks that disagree. */
const backdateMs = 3_600_000;

/** PEM texts. */
export interface WebhookCertificate {
  /** Whom to trust: the authority of `certificate`, then that of the one before, which other replicas may still serve. */
  readonly authorities: string;
  readonly certificate: string;
  readonly key: string;
}

export interface WebhookCertificateOptions {
  readonly client: Client;
  /** Where the controller lives. */
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Reads the certificate, or makes it where there is none that is good for another month. */
export async function webhookCertificate({ client, namespace, nowMs }: WebhookCertificateOptions): Promise<WebhookCertificate> {
  const key = { namespace, name: certificateSecretName };
  for (;;) {
    const present = await client.get(Secret, key).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const known = present && certificateIn(present);
    if (known && isGood(known, nowMs)) return known;
    const made = newCertificate(namespace, nowMs);
    const certificate = { ...made, authorities: made.authorities + (known ? authorityBefore(known, nowMs) : "") };
    try {
      if (present) await client.update(Secret, { ...present, data: dataOf(certificate) });
      else {
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { ...key, labels }, type: "kubernetes.io/tls" };
        await client.create(Secret, { ...secret, data: dataOf(certificate) });
      }
      return certificate;
    } catch (error) {
      // Another replica was faster: its certificate is as good.
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
    }
  }
}

const labels = { "app.kubernetes.io/name": controllerName };
/** Entries of the Secret; the last two are those of its type. */
const fields = { authorities: "ca.crt", certificate: "tls.crt", key: "tls.key" } as const;

const dataOf = (certificate: WebhookCertificate): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).map(([field, name]) => [name, Buffer.from(certificate[field as keyof typeof fields]).toString("base64")]),
  );

function certificateIn({ data = {} }: SecretObject): WebhookCertificate {
  const text = (name: string): string => Buffer.from(data[name] ?? "", "base64").toString();
  return { authorities: text(fields.authorities), certificate: text(fields.certificate), key: text(fields.key) };
}

/** Whether it can be served, and for long enough. */
function isGood({ authorities, certificate, key }: WebhookCertificate, nowMs: number): boolean {
  try {
    const leaf = new X509Certificate(certificate);
    const authority = new X509Certificate(authorities);
    const belongs = leaf.checkPrivateKey(createPrivateKey(key)) && leaf.checkIssued(authority);
    return belongs && leaf.validToDate.getTime() - nowMs > renewBeforeMs;
  } catch {
    return false; // Not what it should be, whoever wrote it.
  }
}

/** The first of its authorities, as long as something that it signed may be served. */
function authorityBefore({ authorities }: WebhookCertificate, nowMs: number): string {
  try {
    const authority = new X509Certificate(authorities);
    return authority.validToDate.getTime() > nowMs ? authority.toString() : "";
  } catch {
    return "";
  }
}

function newCertificate(namespace: string, nowMs: number): WebhookCertificate {
  const lifetime = { notBefore: nowMs - backdateMs, notAfter: nowMs + validDays * dayMs };
  const service = `${controllerName}.${namespace}`;
  const issue = issuer(newAuthority("windlass-webhook", lifetime), "windlass-webhook");
  const { certificate, key } = issue.server(`${service}.svc`, [`${service}.svc`, `${service}.svc.cluster.local`, service], lifetime);
  return { authorities: issue.authority.certificate, certificate, key };
}

/** What became of telling the server: it knew, it knows from now on, or there is no configuration that we may write. */
export type Trust = "known" | "told" | "nobody to tell";

/** Tells the server which authorities to trust, in the webhook's configuration. */
export async function trustAuthorities(client: Client, authorities: string): Promise<Trust> {
  const caBundle = Buffer.from(authorities).toString("base64");
  try {
    const present: AnyObject = await client.get(MutatingWebhookConfiguration, { name: webhookConfigurationName });
    const webhooks: AnyObject[] = present.webhooks ?? [];
    const patch = webhooks.flatMap(({ clientConfig }, at) =>
      clientConfig?.caBundle === caBundle ? [] : [{ op: "add", path: `/webhooks/${at}/clientConfig/caBundle`, value: caBundle }],
    );
    if (patch.length === 0) return "known";
    // Webhooks are named by their place, which holds for this version only.
    const version = { op: "test", path: "/metadata/resourceVersion", value: present.metadata.resourceVersion };
    await client.patch(MutatingWebhookConfiguration, { name: webhookConfigurationName }, "json", [version, ...patch]);
    return "told";
  } catch (error) {
    if (!isNotFound(error) && !isForbidden(error)) throw error;
    return "nobody to tell";
  }
}
