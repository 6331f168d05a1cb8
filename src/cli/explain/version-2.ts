/** The schemas of an OpenAPI v2 document in the words of v3: they differ in where they stand, and so in how they refer to each other. */
import type { OpenApiDocument, Schema } from "./explanation.ts";

const oldPrefix = "#/definitions/";
const newPrefix = "#/components/schemas/";

/** A v2 document as v3; what it describes is the same. */
export const fromVersion2 = ({ definitions = {} }: { readonly definitions?: Readonly<Record<string, Schema>> }): OpenApiDocument => ({
  components: { schemas: withNewReferences(definitions) as Record<string, Schema> },
});

function withNewReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNewReferences);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === "$ref" && typeof inner === "string" && inner.startsWith(oldPrefix)
        ? [key, newPrefix + inner.slice(oldPrefix.length)]
        : [key, withNewReferences(inner)],
    ),
  );
}
