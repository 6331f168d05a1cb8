/** Makes certificates (EC P-256). Its library is slow to read, so only what really makes one imports this file. */
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { dateOf } from "../../base/time.ts";
import { type Credential, isAddress } from "./credential.ts";

interface Lifetime {
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface Issuer {
  /** Makes the authority, unless the issuer was given one; it signs whatever is made from then on. */
  authority(commonName: string, lifetime: Lifetime): Promise<Credential>;
  server(commonName: string, names: readonly string[], lifetime: Lifetime): Promise<Credential>;
  client(commonName: string, organizations: readonly string[], lifetime: Lifetime): Promise<Credential>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** An issuer that signs with `existing`, or with the authority that it makes first. */
export async function issuer(existing?: Credential): Promise<Issuer> {
  x509.cryptoProvider.set(webcrypto as never);
  let authority: { certificate: x509.X509Certificate; key: webcrypto.CryptoKey } | undefined;
  if (existing) {
    const der = createPrivateKey(existing.key).export({ type: "pkcs8", format: "der" });
    const key = await webcrypto.subtle.importKey("pkcs8", new Uint8Array(der), algorithm, true, ["sign"]);
    authority = { certificate: new x509.X509Certificate(existing.certificate), key };
  }

  // Positive and unpredictable, as RFC 5280 asks.
  const serialNumber = (): string => `4${randomBytes(16).toString("hex").slice(1)}`;
  const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
    webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
  const keyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
    createPrivateKey({ key: Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)), type: "pkcs8", format: "der" })
      .export({ type: "pkcs8", format: "pem" })
      .toString();
  const certificatePem = (certificate: x509.X509Certificate): string => `${certificate.toString("pem")}\n`;
  const subjectOf = (commonName: string, organizations: readonly string[]): x509.JsonName => [
    ...organizations.map((organization) => ({ O: [organization] })),
    { CN: [commonName] },
  ];

  async function leaf(subject: x509.JsonName, lifetime: Lifetime, extensions: x509.Extension[]): Promise<Credential> {
    if (!authority) throw new Error("make the authority first");
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: new x509.Name(subject).toString(),
      issuer: authority.certificate.subject,
      notBefore: dateOf(lifetime.notBefore),
      notAfter: dateOf(lifetime.notAfter),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey as never,
      signingKey: authority.key as never,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey, false),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
        ...extensions,
      ],
    });
    return { certificate: certificatePem(certificate), key: await keyPem(keys.privateKey) };
  }

  return {
    async authority(commonName, lifetime) {
      const keys = await newKeys();
      const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: serialNumber(),
        name: new x509.Name([{ CN: [commonName] }]).toString(),
        notBefore: dateOf(lifetime.notBefore),
        notAfter: dateOf(lifetime.notAfter),
        signingAlgorithm: algorithm,
        keys: keys as never,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(
            x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
            true,
          ),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
        ],
      });
      authority = { certificate, key: keys.privateKey };
      return { certificate: certificatePem(certificate), key: await keyPem(keys.privateKey) };
    },
    server: (commonName, names, lifetime) =>
      leaf(subjectOf(commonName, []), lifetime, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value }))),
      ]),
    client: (commonName, organizations, lifetime) =>
      leaf(subjectOf(commonName, organizations), lifetime, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  };
}

/** A fresh key that signs service account tokens: PKCS#8 PEM, EC P-256. */
export const newTokenKey = (): string =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
