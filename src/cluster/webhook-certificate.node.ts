/**
 * The certificate of the webhook: kept in a Secret that all replicas of the controller share, made by the first of them, and made anew
 * before it expires. The server learns whom to trust from the webhook's configuration.
 */
import { X509Certificate } from "node:crypto";
import { isAlreadyExists, isConflict, isForbidden, isNotFound } from "../api/errors.ts";
import type { KindRef } from "../api/kind.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import type { AnyObject } from "../api/meta/object.ts";
import type { Secret as SecretObject } from "../api/types.ts";
import type { Log } from "../base/log.ts";
import type { Client } from "../client/client.ts";
import { certificateSecretName, controllerName, webhookConfigurationName } from "../release/controller/manifest.ts";
import { issuer, newAuthority } from "../server/auth/issue-certificates.node.ts";

const MutatingWebhookConfiguration: KindRef = {
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
  readonly ca: string;
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

/** Reads the certificate, or makes it where there is none that is good for long enough. */
export async function webhookCertificate({ client, namespace, nowMs }: WebhookCertificateOptions): Promise<WebhookCertificate> {
  const key = { namespace, name: certificateSecretName };
  for (;;) {
    const present = await client.get(Secret, key).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const known = present && certificateIn(present, nowMs);
    if (known) return known;
    const made = newCertificate(namespace, nowMs);
    const data = Object.fromEntries(
      [
        ["ca.crt", made.ca],
        ["tls.crt", made.certificate],
        ["tls.key", made.key],
      ].map(([name, text]) => [name as string, Buffer.from(text as string).toString("base64")]),
    );
    try {
      if (present) await client.update(Secret, { ...present, data });
      else await client.create(Secret, { apiVersion: "v1", kind: "Secret", metadata: key, type: "kubernetes.io/tls", data });
      return made;
    } catch (error) {
      // Another replica was faster: its certificate is as good.
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
    }
  }
}

function certificateIn({ data = {} }: SecretObject, nowMs: number): WebhookCertificate | undefined {
  const text = (name: string): string => Buffer.from(data[name] ?? "", "base64").toString();
  const known = { ca: text("ca.crt"), certificate: text("tls.crt"), key: text("tls.key") };
  try {
    return new X509Certificate(known.certificate).validToDate.getTime() - nowMs > renewBeforeMs && known.key !== "" ? known : undefined;
  } catch {
    return undefined;
  }
}

function newCertificate(namespace: string, nowMs: number): WebhookCertificate {
  const lifetime = { notBefore: nowMs - backdateMs, notAfter: nowMs + validDays * dayMs };
  const service = `${controllerName}.${namespace}`;
  const issue = issuer(newAuthority("windlass-webhook", lifetime), "windlass-webhook");
  const { certificate, key } = issue.server(`${service}.svc`, [`${service}.svc`, `${service}.svc.cluster.local`, service], lifetime);
  return { ca: issue.authority.certificate, certificate, key };
}

/** Tells the server which authority to trust. Where there is no webhook's configuration there is nobody to tell. */
export async function trustCertificate(client: Client, ca: string, log: Log): Promise<void> {
  const caBundle = Buffer.from(ca).toString("base64");
  try {
    const present: AnyObject = await client.get(MutatingWebhookConfiguration, { name: webhookConfigurationName });
    const webhooks: AnyObject[] = present.webhooks ?? [];
    const patch = webhooks.flatMap(({ clientConfig }, at) =>
      clientConfig?.caBundle === caBundle ? [] : [{ op: "add", path: `/webhooks/${at}/clientConfig/caBundle`, value: caBundle }],
    );
    if (patch.length > 0) await client.patch(MutatingWebhookConfiguration, { name: webhookConfigurationName }, "json", patch);
  } catch (error) {
    if (!isNotFound(error) && !isForbidden(error)) throw error;
    log.warn("there is no webhook's configuration to write the authority into", { name: webhookConfigurationName });
  }
}
