/** ConfigMaps with what is in them; Secrets with how much. */
import type { AnyObject } from "../../../api/meta/object.ts";
import type { ConfigMap, Secret } from "../../../api/types.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, labelLines } from "../lines.ts";

/** How many bytes a base64 text stands for. */
const byteLength = (text: string): number => Math.floor((text.length * 3) / 4) - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);

const sorted = (map: Readonly<Record<string, string>> | undefined): [string, string][] =>
  Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

const head = (object: AnyObject): string[] => [
  `Name:\t${object.metadata.name}`,
  `Namespace:\t${object.metadata.namespace}`,
  ...labelLines("Labels", object.metadata.labels),
  ...annotationLines(object),
  "",
];

export const configMap: Describer = {
  lines(object) {
    const { data, binaryData } = object as unknown as ConfigMap;
    return [
      ...head(object),
      "Data",
      "====",
      ...sorted(data).flatMap(([key, value]) => [`${key}:`, "----", value, ""]),
      "",
      "BinaryData",
      "====",
      ...sorted(binaryData).flatMap(([key, value]) => [`${key}: ${byteLength(value)} bytes`]),
      "",
    ];
  },
};

export const secret: Describer = {
  withoutEvents: true,
  lines(object) {
    const { type, data } = object as unknown as Secret;
    // A token of a ServiceAccount is shown by kubectl; here no value of a Secret ever is.
    return [
      ...head(object),
      `Type:\t${type ?? ""}`,
      "",
      "Data",
      "====",
      ...sorted(data).map(([key, value]) => `${key}:\t${byteLength(value)} bytes`),
    ];
  },
};
