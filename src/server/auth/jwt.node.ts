/** Signs and checks JSON Web Tokens with the engine's EC P-256 key (ES256, RFC 7515 and 7518). */
import { createHash, createPrivateKey, createPublicKey, sign, timingSafeEqual, verify } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

export interface TokenSigner {
  sign(claims: Claims): string;
  /** The claims of a token that this key signed; undefined for any other text. Says nothing of what the claims mean. */
  verify(token: string): Claims | undefined;
  /** The public key as a JSON Web Key, with its `kid`. */
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

/** Tokens checked before need no second look at their signature. */
const rememberedMax = 1000;
const tokenMaxLength = 16 * 1024;

/** A signer over a private key in PEM. */
export function tokenSigner(privateKeyPem: string): TokenSigner {
  const privateKey = createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(privateKey);
  const keyId = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
  const head = encode({ alg: "ES256", kid: keyId });
  const remembered = new Map<string, Claims>();
  const how = { dsaEncoding: "ieee-p1363" } as const;

  return {
    publicJwk: { ...publicKey.export({ format: "jwk" }), use: "sig", kid: keyId, alg: "ES256" },
    sign(claims) {
      const body = `${head}.${encode(claims)}`;
      return `${body}.${sign("sha256", Buffer.from(body), { key: privateKey, ...how }).toString("base64url")}`;
    },
    verify(token) {
      if (token.length > tokenMaxLength) return undefined;
      const known = remembered.get(token);
      if (known) return known;
      const [header, body, signature, ...rest] = token.split(".");
      if (header === undefined || body === undefined || signature === undefined || rest.length > 0) return undefined;
      const { alg } = decode(header) ?? {};
      if (alg !== "ES256") return undefined;
      const claims = decode(body);
      if (!claims) return undefined;
      const valid = verify("sha256", Buffer.from(`${header}.${body}`), { key: publicKey, ...how }, Buffer.from(signature, "base64url"));
      if (!valid) return undefined;
      if (remembered.size >= rememberedMax) remembered.delete(remembered.keys().next().value as string);
      remembered.set(token, claims);
      return claims;
    },
  };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function decode(text: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether two secrets are equal, in a time that does not tell how far they agree. */
export function secretsEqual(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
