/** `get -o yaml` and the like: whole objects, or fields of them. */
import { isNotFound } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { throwAll } from "../errors.ts";
import { objectFormat } from "./formats.ts";
import type { GetRequest } from "./request.ts";
import { targetError } from "./print-tables.ts";
import { sortedBy } from "./sort-by.ts";
import type { Target } from "./targets.ts";

export async function printObjects(request: GetRequest, environment: Environment, connection: Connection): Promise<number> {
  const { targets, flags } = request;
  const format = await objectFormat(request, environment);
  const errors: Error[] = [];
  const found = await Promise.all(
    targets.map((target) =>
      fetchObjects(target, request, connection).catch((error: Error) => {
        if (!(flags.bool("ignore-not-found") && isNotFound(error))) errors.push(targetError(error, target));
        return [];
      }),
    ),
  );
  let objects = found.flat();
  const isOne = targets.length === 1 && targets[0]?.name !== undefined;
  const path = flags.string("sort-by");
  if (path !== "") objects = sortedBy(path, objects, (object) => object);
  const [only] = objects;
  if (isOne && only && objects.length === 1) environment.stdout.write(format.print(only));
  else if (!(isOne || (objects.length === 0 && (errors.length > 0 || flags.bool("ignore-not-found"))))) {
    environment.stdout.write(
      format.print({ apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" }, items: objects } as unknown as AnyObject),
    );
  }
  throwAll(errors);
  return 0;
}

async function fetchObjects(target: Target, { flags }: GetRequest, { client }: Connection): Promise<AnyObject[]> {
  const { resource, namespace, name, labelSelector, fieldSelector } = target;
  if (name !== undefined) {
    const subresource = flags.string("subresource");
    return [
      await client.get(resource, namespace === undefined ? { name } : { name, namespace }, subresource === "" ? {} : { subresource }),
    ];
  }
  const objects: AnyObject[] = [];
  const chunk = flags.int("chunk-size");
  let from: string | undefined;
  do {
    const page = await client.list(resource, {
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector && { labelSelector }),
      ...(fieldSelector && { fieldSelector }),
      ...(chunk > 0 && { limit: chunk }),
      ...(from && { continue: from }),
    });
    objects.push(...page.items);
    from = page.continue;
  } while (from);
  return objects;
}
