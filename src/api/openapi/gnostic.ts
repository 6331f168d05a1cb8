/**
 * The protobuf form of an OpenAPI v2 document (the `openapi.v2.Document` message of gnostic), which older kubectl reads (API-9). Its
 * messages are few, so the numbers stand here.
 */
import { WireWriter } from "../protobuf/wire.ts";
import type { Json } from "./definitions.ts";

/** The content type of what `encodeOpenApiV2Protobuf` makes. Clients ask for it with an `@`, which no media type may have. */
export const openApiV2ProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/** Encodes a document made by `openApiV2`. */
export function encodeOpenApiV2Protobuf(document: Json): Uint8Array {
  const writer = new WireWriter();
  writer.text(1, document.swagger);
  writer.message(2, (info) => {
    info.text(1, document.info.title);
    info.text(2, document.info.version);
  });
  writer.message(8, (paths) => named(paths, 2, document.paths, writePathItem));
  writer.message(9, (definitions) => named(definitions, 1, document.definitions, writeSchema));
  return writer.finish();
}

type Write = (writer: WireWriter, value: any) => void;

/** A map is a repeated message of name and value. */
function named(writer: WireWriter, number: number, values: Json, write: Write): void {
  for (const [name, value] of Object.entries(values)) {
    writer.message(number, (entry) => {
      entry.text(1, name);
      entry.message(2, (inner) => write(inner, value));
    });
  }
}

function texts(writer: WireWriter, number: number, values: readonly string[] | undefined): void {
  for (const value of values ?? []) writer.text(number, value);
}

function text(writer: WireWriter, number: number, value: string | undefined): void {
  if (value !== undefined && value !== "") writer.text(number, value);
}

/** Vendor extensions carry their value as YAML, of which JSON is a part. */
function writeExtensions(writer: WireWriter, number: number, value: Json): void {
  for (const name of Object.keys(value)) {
    if (!name.startsWith("x-")) continue;
    writer.message(number, (entry) => {
      entry.text(1, name);
      entry.message(2, (any) => any.text(2, JSON.stringify(value[name])));
    });
  }
}

const methodNumbers: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

function writePathItem(writer: WireWriter, item: Json): void {
  for (const [method, number] of Object.entries(methodNumbers)) {
    if (item[method]) writer.message(number, (inner) => writeOperation(inner, item[method]));
  }
  for (const parameter of item.parameters ?? []) writeParameter(writer, 9, parameter);
}

function writeOperation(writer: WireWriter, operation: Json): void {
  text(writer, 3, operation.description);
  text(writer, 5, operation.operationId);
  texts(writer, 6, operation.produces);
  texts(writer, 7, operation.consumes);
  for (const parameter of operation.parameters ?? []) writeParameter(writer, 8, parameter);
  writer.message(9, (responses) =>
    named(responses, 1, operation.responses, (value, response) => value.message(1, (inner) => writeResponse(inner, response))),
  );
  writeExtensions(writer, 13, operation);
}

function writeResponse(writer: WireWriter, response: Json): void {
  text(writer, 1, response.description);
  if (response.schema) writer.message(2, (item) => item.message(1, (schema) => writeSchema(schema, response.schema)));
}

/** A parameter is a choice in a choice: body or not, and then by where it stands. */
function writeParameter(writer: WireWriter, number: number, parameter: Json): void {
  writer.message(number, (item) =>
    item.message(1, (choice) => {
      if (parameter.in === "body") choice.message(1, (body) => writeBodyParameter(body, parameter));
      else if (parameter.in === "query") choice.message(2, (other) => other.message(3, (inner) => writeQueryParameter(inner, parameter)));
      else choice.message(2, (other) => other.message(4, (inner) => writePathParameter(inner, parameter)));
    }),
  );
}

function writeBodyParameter(writer: WireWriter, parameter: Json): void {
  text(writer, 1, parameter.description);
  text(writer, 2, parameter.name);
  text(writer, 3, parameter.in);
  if (parameter.required) writer.varint(4, 1);
  writer.message(5, (schema) => writeSchema(schema, parameter.schema));
}

function writeQueryParameter(writer: WireWriter, parameter: Json): void {
  text(writer, 2, parameter.in);
  text(writer, 3, parameter.description);
  text(writer, 4, parameter.name);
  text(writer, 6, parameter.type);
}

function writePathParameter(writer: WireWriter, parameter: Json): void {
  writer.varint(1, 1);
  text(writer, 2, parameter.in);
  text(writer, 3, parameter.description);
  text(writer, 4, parameter.name);
  text(writer, 5, parameter.type);
}

function writeSchema(writer: WireWriter, schema: Json): void {
  text(writer, 1, schema.$ref);
  text(writer, 2, schema.format);
  text(writer, 4, schema.description);
  texts(writer, 19, schema.required);
  if (schema.additionalProperties) {
    writer.message(21, (item) => item.message(1, (inner) => writeSchema(inner, schema.additionalProperties)));
  }
  if (schema.type) writer.message(22, (type) => type.text(1, schema.type));
  if (schema.items) writer.message(23, (items) => items.message(1, (inner) => writeSchema(inner, schema.items)));
  if (schema.properties) writer.message(25, (properties) => named(properties, 1, schema.properties, writeSchema));
  writeExtensions(writer, 31, schema);
}
