/** The OpenAPI documents by their paths: built when first asked for. */
import type { KindDefinition } from "../kind.ts";
import { encodeOpenApiV2Protobuf, openApiV2ProtobufType } from "./gnostic.ts";
import { openApiRoots, openApiV2, openApiV3, openApiV3Index } from "./openapi.ts";

/** One document; `bytes` builds it on the first call and returns the same bytes ever after. */
export interface OpenApiDocument {
  readonly contentType: string;
  bytes(): Uint8Array;
}

/**
 * Finds the document at a path under /openapi in the form that the client accepts; undefined where there is none. `digest` tells contents
 * apart: a client that has a document under its digest does not ask again.
 */
export function openApiDocuments(
  kinds: readonly KindDefinition[],
  digest: (bytes: Uint8Array) => string,
): (path: string, accept: string | undefined) => OpenApiDocument | undefined {
  const v3 = new Map<string, OpenApiDocument>();
  for (const [root, { group, version }] of openApiRoots(kinds))
    v3.set(
      root,
      json(() => openApiV3(kinds, group, version)),
    );
  const index = json(() => openApiV3Index(kinds, (root) => digest((v3.get(root) as OpenApiDocument).bytes())));
  const v2 = json(() => openApiV2(kinds));
  const v2Protobuf: OpenApiDocument = { contentType: openApiV2ProtobufType, bytes: once(() => encodeOpenApiV2Protobuf(openApiV2(kinds))) };
  return (path, accept = "") => {
    if (path === "/openapi/v3" || path === "/openapi/v3/") return index;
    if (path === "/openapi/v2") return accept.includes("proto-openapi.spec.v2") ? v2Protobuf : v2;
    return path.startsWith("/openapi/v3/") ? v3.get(path.slice("/openapi/v3/".length)) : undefined;
  };
}

const json = (build: () => unknown): OpenApiDocument => ({
  contentType: "application/json",
  bytes: once(() => new TextEncoder().encode(JSON.stringify(build()))),
});

function once<T>(build: () => T): () => T {
  let built: { readonly value: T } | undefined;
  return () => (built ??= { value: build() }).value;
}
