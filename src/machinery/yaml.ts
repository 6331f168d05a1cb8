/**
 * YAML as Kubernetes' own tools read it: YAML 1.1 by way of JSON. `0400` is 256, `on` and `y` are booleans (as keys,
 * too, where they become texts again), `1_000` is 1000, dates and `1:30` stay texts, and what JSON can't say is refused.
 */
import { type Document, parseAllDocuments, parseDocument, type ScalarTag } from "yaml";
import { isRecord, setOwnField } from "../base/own-field.ts";
import { scalarRules } from "./yaml-scalars.ts";

/** The text is no YAML, or says something that JSON can't. The message says where. */
export class YamlError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "YamlError";
  }
}

/** Aliases that one document may expand to: more is an attempt to fill the memory. */
const aliasesMax = 100;
/** What a document may come to once its aliases are written out: characters of texts and keys, and one for every value. */
const expandedMax = 8 * 1024 * 1024;

const tags: ScalarTag[] = scalarRules.map((rule) => ({ default: true, ...rule }));

const options = { version: "1.1", schema: "failsafe", customTags: tags, merge: true, uniqueKeys: false, prettyErrors: false } as const;

/** The first document of a text, as a JSON value; null for an empty one. Throws `YamlError`. */
export const parseYaml = (text: string): unknown => documentValue(parseDocument(text, options));

/** Every document of a text that is not empty. Throws `YamlError`. */
export function parseYamlDocuments(text: string): unknown[] {
  const documents = parseAllDocuments(text, options);
  return (Array.isArray(documents) ? documents.map(documentValue) : []).filter((value) => value !== null);
}

function documentValue(document: Document.Parsed): unknown {
  const [problem] = document.errors;
  if (problem) throw new YamlError(problem.message, { cause: problem });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: aliasesMax, mapAsMap: true });
  } catch (cause) {
    throw new YamlError((cause as Error).message, { cause });
  }
  const left = { size: expandedMax };
  return jsonOf(value, left);
}

/** Maps become objects, whose keys are texts; numbers that JSON does not have are refused. */
function jsonOf(value: unknown, left: { size: number }): unknown {
  left.size -= typeof value === "string" ? value.length + 1 : 1;
  if (left.size < 0) throw new YamlError("document contains excessive aliasing");
  if (value instanceof Map) {
    const object: Record<string, unknown> = {};
    for (const [key, item] of value) {
      const name = keyOf(key);
      left.size -= name.length;
      setOwnField(object, name, jsonOf(item, left));
    }
    return object;
  }
  if (Array.isArray(value)) return value.map((item) => jsonOf(item, left));
  if (typeof value === "number" && !Number.isFinite(value))
    throw new YamlError(`json: unsupported value: ${Number.isNaN(value) ? "NaN" : "+Inf"}`);
  if (value === undefined) return null;
  return isRecord(value) ? jsonOf(new Map(Object.entries(value)), left) : value;
}

function keyOf(key: unknown): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" || typeof key === "boolean") return String(key);
  throw new YamlError(`unsupported map key: ${key === null ? "null" : typeof key}`);
}
