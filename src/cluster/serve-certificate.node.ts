/** Keeps a server's certificate fresh: looks at where it comes from again and again, and hands on what is to be served next. */
import type { Timer } from "../base/clock.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import { trustAuthorities, webhookCertificate } from "./webhook-certificate.node.ts";

/** How often the certificate is looked at: another replica may have renewed it, or somebody may have replaced the file. */
const lookEveryMs = 60_000;
const retryBaseMs = 1000;

/** PEM texts. */
export interface ServedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What a look at the certificate showed. */
export interface SeenCertificate extends ServedCertificate {
  /** Callers have only just been told to trust it: one that serves another certificate goes on with that for now. */
  readonly isFresh: boolean;
}

export interface ServeCertificateOptions {
  readonly world: World;
  look(): Promise<SeenCertificate>;
  /** Is handed the first certificate, and every other one after it. May throw for one that can't be served; then it is asked again. */
  serve(certificate: ServedCertificate): void;
}

/** Looks now, then every minute; after a look that failed sooner, but ever less often. Until `cancel`. */
export function keepServing({ world, look, serve }: ServeCertificateOptions): Timer {
  const { clock, log } = world;
  let served: string | undefined;
  let failures = 0;
  let cancelled = false;
  let timer: Timer | undefined;

  async function turn(): Promise<void> {
    let waitMs = lookEveryMs;
    try {
      const { cert, key, isFresh } = await look();
      if (cancelled) return;
      const text = cert + key;
      if (text !== served && !(isFresh && served !== undefined)) {
        serve({ cert, key });
        if (served !== undefined) log.info("serves a new certificate");
        served = text;
      }
      failures = 0;
    } catch (error) {
      if (cancelled) return;
      waitMs = Math.min(retryBaseMs * 2 ** failures++, lookEveryMs);
      log.warn("the webhook's certificate could not be had", { error: error instanceof Error ? error.message : String(error) });
    }
    timer = clock.setTimer(waitMs, () => void turn());
  }

  void turn();
  return {
    cancel() {
      cancelled = true;
      timer?.cancel();
    },
  };
}

export interface SharedCertificateOptions {
  readonly client: Client;
  readonly world: World;
  /** Where the controller lives. */
  readonly namespace: string;
}

/**
 * A look at the certificate that all replicas share, for `keepServing`. The server is told of a renewed certificate's authority a look
 * before anybody serves it, and trusts the one before as well, so that whichever replica it asks, it finds one that it trusts.
 */
export async function sharedCertificate({ client, world, namespace }: SharedCertificateOptions): Promise<SeenCertificate> {
  const { authorities, certificate, key } = await webhookCertificate({ client, namespace, nowMs: world.clock.now() });
  const trust = await trustAuthorities(client, authorities);
  if (trust === "nobody to tell") world.log.debug("there is no webhook's configuration to write the authority into");
  return { cert: certificate, key, isFresh: trust === "told" };
}
