/** Makes X.509 certificates (RFC 5280) on EC P-256 keys; node:crypto makes and uses the keys. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { formatTime } from "../../base/time.ts";
import { addressBytes, type Credential } from "./credential.ts";
import { bitString, concat, integer, objectIdentifier, octetString, sequence, setOf, tagged, time, utf8String, yes } from "./der.ts";

interface Lifetime {
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface Issuer {
  readonly authority: Credential;
  server(commonName: string, names: readonly string[], lifetime: Lifetime): Credential;
  client(commonName: string, organizations: readonly string[], lifetime: Lifetime): Credential;
}

const oid = {
  commonName: objectIdentifier("2.5.4.3"),
  organization: objectIdentifier("2.5.4.10"),
  ecdsaWithSha256: objectIdentifier("1.2.840.10045.4.3.2"),
  subjectKeyIdentifier: objectIdentifier("2.5.29.14"),
  keyUsage: objectIdentifier("2.5.29.15"),
  subjectAltName: objectIdentifier("2.5.29.17"),
  basicConstraints: objectIdentifier("2.5.29.19"),
  authorityKeyIdentifier: objectIdentifier("2.5.29.35"),
  extendedKeyUsage: objectIdentifier("2.5.29.37"),
  serverAuth: objectIdentifier("1.3.6.1.5.5.7.3.1"),
  clientAuth: objectIdentifier("1.3.6.1.5.5.7.3.2"),
} as const;
/** Tags of the alternatives of GeneralName. */
const dnsName = 0x82;
const ipAddress = 0x87;

const extension = (id: Uint8Array, value: Uint8Array, critical: "critical" | "optional" = "optional"): Uint8Array =>
  sequence(id, critical === "critical" ? yes : new Uint8Array(0), octetString(value));
const attribute = (id: Uint8Array, text: string): Uint8Array => setOf(sequence(id, utf8String(text)));
const nameOf = (commonName: string, organizations: readonly string[] = []): Uint8Array =>
  sequence(...organizations.map((each) => attribute(oid.organization, each)), attribute(oid.commonName, commonName));
const subjectPublicKeyInfo = (key: KeyObject): Uint8Array => key.export({ type: "spki", format: "der" });
/** The first method of RFC 5280, 4.2.1.2: a SHA-1 of the key's bits, which end an uncompressed P-256 key's encoding. */
const keyIdentifier = (key: KeyObject): Uint8Array => createHash("sha1").update(subjectPublicKeyInfo(key).subarray(-65)).digest();
const keyPem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const newKeys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

interface ToSign {
  readonly issuer: Uint8Array;
  readonly issuerKey: KeyObject;
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly lifetime: Lifetime;
  readonly extensions: readonly Uint8Array[];
}

/** Signs a certificate; returns it as PEM. */
function certificate({ issuer, issuerKey, subject, publicKey, lifetime, extensions }: ToSign): string {
  const algorithm = sequence(oid.ecdsaWithSha256);
  // Positive and unpredictable, as RFC 5280 asks.
  const serialNumber = concat(new Uint8Array([0x40]), randomBytes(15));
  const toBeSigned = sequence(
    tagged(0xa0, integer(new Uint8Array([2]))),
    integer(serialNumber),
    algorithm,
    issuer,
    sequence(time(formatTime(lifetime.notBefore)), time(formatTime(lifetime.notAfter))),
    subject,
    subjectPublicKeyInfo(publicKey),
    tagged(0xa3, sequence(...extensions)),
  );
  const der = sequence(toBeSigned, algorithm, bitString(sign("sha256", toBeSigned, issuerKey)));
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** digitalSignature, keyCertSign and cRLSign of the nine usages; and the first alone. */
const authorityUsage = bitString(new Uint8Array([0x86]), 1);
const leafUsage = bitString(new Uint8Array([0x80]), 7);

/** A new authority of that name. */
export function newAuthority(commonName: string, lifetime: Lifetime): Credential {
  const { publicKey, privateKey } = newKeys();
  const name = nameOf(commonName);
  const pem = certificate({
    issuer: name,
    issuerKey: privateKey,
    subject: name,
    publicKey,
    lifetime,
    extensions: [
      extension(oid.basicConstraints, sequence(yes), "critical"),
      extension(oid.keyUsage, authorityUsage, "critical"),
      extension(oid.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    ],
  });
  return { certificate: pem, key: keyPem(privateKey) };
}

/** An issuer that signs with an authority; `commonName` is the one that the authority was made with. */
export function issuer(authority: Credential, commonName: string): Issuer {
  const issuerKey = createPrivateKey(authority.key);
  const issuerName = nameOf(commonName);
  const issuerId = keyIdentifier(createPublicKey(issuerKey));

  const leaf = (subject: Uint8Array, usage: Uint8Array, lifetime: Lifetime, more: readonly Uint8Array[] = []): Credential => {
    const { publicKey, privateKey } = newKeys();
    const pem = certificate({
      issuer: issuerName,
      issuerKey,
      subject,
      publicKey,
      lifetime,
      extensions: [
        extension(oid.basicConstraints, sequence(), "critical"),
        extension(oid.keyUsage, leafUsage, "critical"),
        extension(oid.extendedKeyUsage, sequence(usage)),
        extension(oid.authorityKeyIdentifier, sequence(tagged(0x80, issuerId))),
        extension(oid.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
        ...more,
      ],
    });
    return { certificate: pem, key: keyPem(privateKey) };
  };
  return {
    authority,
    server(subject, names, lifetime) {
      const alternatives = names.map((name) => {
        const address = addressBytes(name);
        return address ? tagged(ipAddress, address) : tagged(dnsName, new TextEncoder().encode(name));
      });
      return leaf(nameOf(subject), oid.serverAuth, lifetime, [extension(oid.subjectAltName, sequence(...alternatives))]);
    },
    client: (subject, organizations, lifetime) => leaf(nameOf(subject, organizations), oid.clientAuth, lifetime),
  };
}

/** A fresh key that signs service account tokens: PKCS#8 PEM, EC P-256. */
export const newTokenKey = (): string => keyPem(newKeys().privateKey);
