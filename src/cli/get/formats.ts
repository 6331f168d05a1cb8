/** The formats of `get -o`, beside tables. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Environment } from "../command.ts";
import { columnAligner } from "../printing/columns.ts";
import { type CustomColumns, customColumns, customColumnsFile } from "../printing/custom-columns.ts";
import { toJsonText } from "../printing/json.ts";
import { nameLine, shown, templatePrinter, unknownFormat } from "../printing/printer.ts";
import { toYamlText } from "../printing/yaml.ts";
import type { GetRequest } from "./request.ts";

export interface ObjectFormat {
  /** One object, or a List of them. */
  print(object: AnyObject): string;
}

const allowed =
  "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml";

/** Throws `CommandError` for a format that there is not, and for one that lacks its template. */
export async function objectFormat({ format, argument, flags }: GetRequest, { files }: Environment): Promise<ObjectFormat> {
  const keepsManagedFields = flags.bool("show-managed-fields");
  switch (format) {
    case "json":
      return { print: (object) => toJsonText(shown(object, keepsManagedFields)) };
    case "yaml": {
      let isFirst = true;
      return {
        print(object) {
          const text = `${isFirst ? "" : "---\n"}${toYamlText(shown(object, keepsManagedFields))}`;
          isFirst = false;
          return text;
        },
      };
    }
    case "name":
      return { print: (object) => itemsOf(object).map(nameLine).join("") };
    case "custom-columns":
    case "custom-columns-file":
      return columnsFormat(
        format === "custom-columns" ? customColumns(argument) : customColumnsFile(new TextDecoder().decode(await files.read(argument))),
        flags.bool("no-headers"),
      );
    default: {
      const template = await templatePrinter(format, argument, { files }, { allowMissing: flags.bool("allow-missing-template-keys") });
      if (!template) throw unknownFormat(argument === "" ? format : `${format}=${argument}`, allowed);
      return { print: template };
    }
  }
}

const itemsOf = (object: AnyObject): readonly AnyObject[] => (Array.isArray(object["items"]) ? object["items"] : [object]);

function columnsFormat({ header, row }: CustomColumns, noHeaders: boolean): ObjectFormat {
  const aligner = columnAligner();
  let isFirst = true;
  return {
    print(object) {
      const lines = itemsOf(object).map(row);
      const titled = isFirst && !noHeaders ? [header, ...lines] : lines;
      isFirst = false;
      return aligner.align(titled);
    },
  };
}
