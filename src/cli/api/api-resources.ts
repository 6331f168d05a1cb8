/** `api-resources`: everything that the server serves. */
import { apiVersionOf } from "../../api/kind.ts";
import type { Command } from "../command.ts";
import { qualifiedResource, type Resource } from "../discovery/resource.ts";
import { CommandError, usageError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { alignColumns } from "../printing/columns.ts";
import { unknownFormat } from "../printing/printer.ts";

export const apiResources: Command = {
  usage: "[flags]",
  about: "Lists the types of objects that the server serves, with the names by which they can be typed.",
  examples: "# Everything in a namespace, with the verbs that it has\nwindlass api-resources --namespaced=true -o wide",
  flags: [
    { name: "api-group", type: "string", about: "only types of this group" },
    { name: "namespaced", default: "true", about: "only types within namespaces; false: only those outside" },
    { name: "verbs", type: "list", about: "only types that have all of these verbs" },
    { name: "categories", type: "list", about: "only types of all of these categories" },
    { name: "output", short: "o", type: "string", about: "wide or name" },
    { name: "no-headers", about: "leave out the line of titles" },
    { name: "sort-by", type: "string", about: "name or kind; else by group and name" },
    { name: "cached", about: "be content with what is known from before" },
  ],
  async run({ name, args, flags }, environment) {
    if (args.length > 0) throw usageError(name, `unexpected arguments: [${args.join(" ")}]`);
    const output = flags.string("output");
    if (!["", "wide", "name"].includes(output)) throw unknownFormat(output, "json,kyaml,name,wide,yaml");
    const sortBy = flags.string("sort-by");
    if (!["", "name", "kind"].includes(sortBy)) throw new CommandError("--sort-by accepts only name or kind");
    const connection = await environment.connect(flags);
    const known = flags.bool("cached") ? await connection.resources.preferred() : preferred(await connection.resources.all());
    const found = known.filter((resource) => isAskedFor(resource, flags)).sort(orderOf(sortBy));
    if (output === "name") {
      environment.stdout.write(found.map((resource) => `${qualifiedResource(resource)}\n`).join(""));
      return 0;
    }
    const isWide = output === "wide";
    const header = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", ...(isWide ? ["VERBS", "CATEGORIES"] : [])];
    const lines = found.map((resource) => [
      resource.plural,
      resource.shortNames.join(","),
      apiVersionOf(resource),
      String(resource.scope === "Namespaced"),
      resource.kind,
      ...(isWide ? [[...resource.verbs].sort().join(","), resource.categories.join(",")] : []),
    ]);
    environment.stdout.write(alignColumns(flags.bool("no-headers") ? lines : [header, ...lines]));
    return 0;
  },
};

/** Of every type the first version, which is the preferred one. */
function preferred(all: readonly Resource[]): Resource[] {
  const seen = new Set<string>();
  return all.filter((resource) => {
    const isNew = !seen.has(qualifiedResource(resource));
    seen.add(qualifiedResource(resource));
    return isNew;
  });
}

function isAskedFor(resource: Resource, flags: Flags): boolean {
  if (resource.verbs.length === 0) return false;
  if (flags.given("api-group") && resource.group !== flags.string("api-group")) return false;
  if (flags.given("namespaced") && (resource.scope === "Namespaced") !== flags.bool("namespaced")) return false;
  return (
    flags.list("verbs").every((verb) => resource.verbs.includes(verb)) &&
    flags.list("categories").every((category) => resource.categories.includes(category))
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const orderOf =
  (sortBy: string) =>
  (a: Resource, b: Resource): number =>
    sortBy === "kind" ? compare(a.kind, b.kind) : (sortBy === "name" ? 0 : compare(a.group, b.group)) || compare(a.plural, b.plural);
