/** The text of `explain`, from an OpenAPI v3 document. Pure. */
import type { Resource } from "../discovery/resource.ts";
import { CommandError } from "../errors.ts";

/** As much of a schema as is explained. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly "x-kubernetes-group-version-kind"?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

export interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const lineLength = 76;

/** Throws `CommandError` for a field that there is not. */
export function explanation(
  document: OpenApiDocument,
  resource: Pick<Resource, "group" | "version" | "kind">,
  fields: readonly string[],
  { recursive }: { readonly recursive: boolean },
): string {
  const schemas = document.components?.schemas ?? {};
  const isIt = (schema: Schema): boolean =>
    (schema["x-kubernetes-group-version-kind"] ?? []).some(
      ({ group, version, kind }) => group === resource.group && version === resource.version && kind === resource.kind,
    );
  const top = Object.values(schemas).find(isIt);
  if (!top) throw new CommandError(`GVR (${resource.group}/${resource.version}, Kind=${resource.kind}) not found in OpenAPI schema`);
  const reader = new SchemaReader(schemas);
  let schema = top;
  for (const field of fields) {
    const next = reader.field(schema, field);
    if (!next) throw new CommandError(`field ${JSON.stringify(field)} does not exist`);
    schema = next;
  }
  const head = `${resource.group === "" ? "" : `GROUP:      ${resource.group}\n`}KIND:       ${resource.kind}\nVERSION:    ${resource.version}\n\n`;
  const name = fields.at(-1);
  const which = name === undefined ? "" : `FIELD: ${name} <${reader.typeName(schema)}>\n${enumText(reader.inner(schema), "")}\n\n`;
  const lines = reader
    .descriptions(schema)
    .flatMap((text) => wrapped(text, lineLength))
    .map((line) => `    ${line}\n`)
    .join("");
  const description = `DESCRIPTION:\n${lines === "" ? "    <empty>\n" : lines}    \n`;
  const inside = reader.propertiesOf(schema);
  if (inside.length === 0) return `${head}${which}${description}\n`;
  const list = recursive ? reader.tree(schema, "  ", []) : inside.map((field) => fieldText(reader, field)).join("");
  return `${head}${which}${description}FIELDS:\n${list}\n`;
}

interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

function fieldText(reader: SchemaReader, { name, schema, isRequired }: Field): string {
  const head = `  ${name}\t<${reader.typeName(schema)}>${isRequired ? " -required-" : ""}\n${enumText(reader.inner(schema), "  ")}`;
  const lines = wrapped(schema.description ?? "<no description>", lineLength).map((line) => `    ${line}\n`);
  return `${head}${lines.join("")}\n`;
}

/** `enum: A, B`, four to a line at most. */
function enumText({ enum: values }: Schema, indent: string): string {
  if (!values || values.length === 0) return "";
  const words = values.map((value) => (value === "" ? '""' : String(value)));
  return `${indent}enum: ${words.length > 4 ? `${words.slice(0, 4).join(", ")}, ....` : words.join(", ")}\n`;
}

/** Follows references and looks into lists and maps. */
class SchemaReader {
  readonly #schemas: Readonly<Record<string, Schema>>;

  constructor(schemas: Readonly<Record<string, Schema>>) {
    this.#schemas = schemas;
  }

  /** What a schema refers to, by name. */
  #referred(schema: Schema): { readonly name: string; readonly schema: Schema } | undefined {
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    if (reference === undefined) return undefined;
    const name = reference.slice(reference.lastIndexOf("/") + 1);
    return { name, schema: this.#schemas[name] ?? {} };
  }

  resolve(schema: Schema): Schema {
    return this.#referred(schema)?.schema ?? schema;
  }

  /** Of a list or a map what is in it, of anything else itself. */
  inner(schema: Schema): Schema {
    const found = this.resolve(schema);
    if (found.items) return this.inner(found.items);
    return typeof found.additionalProperties === "object" ? this.inner(found.additionalProperties) : found;
  }

  propertiesOf(schema: Schema): Field[] {
    const { properties = {}, required = [] } = this.inner(schema);
    return Object.keys(properties)
      .sort()
      .map((name) => ({ name, schema: properties[name] as Schema, isRequired: required.includes(name) }));
  }

  field(schema: Schema, name: string): Schema | undefined {
    const { properties = {} } = this.inner(schema);
    return Object.hasOwn(properties, name) ? properties[name] : undefined;
  }

  typeName(schema: Schema): string {
    const referred = this.#referred(schema);
    if (referred) {
      // A moment is a text with a name of its own; what has fields, or is one of several types, goes by its name.
      const { type } = referred.schema;
      return type !== undefined && type !== "object" ? type : referred.name.slice(referred.name.lastIndexOf(".") + 1);
    }
    if (schema.items) return `[]${this.typeName(schema.items)}`;
    if (typeof schema.additionalProperties === "object") return `map[string]${this.typeName(schema.additionalProperties)}`;
    if (schema.oneOf && schema.type === undefined) return "IntOrString";
    return schema.type === "object" ? "Object" : (schema.type ?? "Object");
  }

  /** Its own, and that of what it refers to. */
  descriptions(schema: Schema): string[] {
    const own = schema.description ? [schema.description] : [];
    const referred = this.#referred(schema)?.schema;
    const further = referred ?? schema.items ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
    return further ? [...own, ...this.descriptions(further)] : own;
  }

  /** The names of all fields, below each other. A type within itself is not entered again. */
  tree(schema: Schema, indent: string, entered: readonly Schema[]): string {
    const within = this.inner(schema);
    if (entered.includes(within)) return "";
    return this.propertiesOf(schema)
      .map(({ name, schema: inside, isRequired }) => {
        const head = `${indent}${name}\t<${this.typeName(inside)}>${isRequired ? " -required-" : ""}\n${enumText(this.inner(inside), indent)}`;
        return head + this.tree(inside, `${indent}  `, [...entered, within]);
      })
      .join("");
  }
}

/** Words in lines of a length; line breaks within the text stay, empty lines too. */
function wrapped(text: string, most: number): string[] {
  return text
    .trim()
    .split("\n")
    .flatMap((paragraph) => {
      const lines: string[] = [];
      let line = "";
      for (const word of paragraph.split(/\s+/).filter((each) => each !== "")) {
        if (line !== "" && line.length + 1 + word.length > most) {
          lines.push(line);
          line = "";
        }
        line = line === "" ? word : `${line} ${word}`;
      }
      return [...lines, line];
    });
}
