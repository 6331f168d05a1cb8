/** `explain`: what the fields of a type are, as the server documents them. */
import { ApiError } from "../../api/errors.ts";
import { apiVersionOf } from "../../api/kind.ts";
import type { Command, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { NoKindError, NoResourceError, type Resource } from "../discovery/resource.ts";
import { CommandError, usageError } from "../errors.ts";
import { explanation, type OpenApiDocument } from "./explanation.ts";
import { fromVersion2 } from "./version-2.ts";

export const explain: Command = {
  usage: "TYPE[.FIELD...] [flags]",
  about: "Explains a type, or a field of it, from the documentation that the server carries.",
  examples:
    "# What a Deployment consists of\nwindlass explain deployment\n\n# One field, and what is in it\nwindlass explain deployment.spec.strategy\n\n# All fields at a glance\nwindlass explain pods.spec --recursive",
  flags: [
    { name: "recursive", about: "the names of all fields in it, without their descriptions" },
    { name: "api-version", type: "string", about: "of this group and version, such as apps/v1" },
    { name: "output", type: "string", default: "plaintext", about: "plaintext" },
  ],
  async run(invocation, environment) {
    const { args, flags, name } = invocation;
    const [what, ...more] = args;
    if (what === undefined)
      throw usageError(
        name,
        `You must specify the type of resource to explain. Use "windlass api-resources" for a complete list of supported resources.`,
      );
    if (more.length > 0) throw usageError(name, "We accept only this format: explain RESOURCE");
    if (!["plaintext", "plaintext-openapiv2"].includes(flags.string("output")))
      throw new CommandError(`unknown output format: ${flags.string("output")}`);
    const connection = await environment.connect(flags);
    const { resource, fields } = await resourceIn(what, invocation, connection);
    const document = await openApiOf(resource, connection);
    environment.stdout.write(explanation(document, resource, fields, { recursive: flags.bool("recursive") }));
    return 0;
  },
};

/** `deploy.spec.replicas` is a type and fields; `deploy.apps.spec` is a type with its group. */
async function resourceIn(
  what: string,
  { flags }: Pick<Invocation, "flags">,
  { resources }: Connection,
): Promise<{ resource: Resource; fields: string[] }> {
  const [type = "", ...fields] = what.split(".").filter((part, at) => part !== "" || at === 0);
  const version = flags.string("api-version");
  let resource = await resources.find(type).catch((error: unknown) => {
    if (error instanceof NoResourceError) throw new CommandError(error.message, { cause: error });
    throw error;
  });
  if (version !== "" && apiVersionOf(resource) !== version) {
    try {
      resource = await resources.ofKind(version, resource.kind);
    } catch (error) {
      if (!(error instanceof NoKindError)) throw error;
      throw new CommandError(`couldn't find resource for "${version}, Resource=${resource.plural}"`, { cause: error });
    }
  }
  return { resource, fields };
}

async function openApiOf(resource: Resource, { transport }: Connection): Promise<OpenApiDocument> {
  const read = async (path: string): Promise<any> =>
    JSON.parse(new TextDecoder().decode((await transport.must({ method: "GET", path, headers: { accept: "application/json" } })).body));
  let index: { paths?: Record<string, { serverRelativeURL: string }> };
  try {
    index = await read("/openapi/v3");
  } catch (error) {
    // Kubernetes before 1.24.
    if (error instanceof ApiError && error.code === 404) return fromVersion2(await read("/openapi/v2"));
    throw error;
  }
  const key = resource.group === "" ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`;
  const entry = index.paths?.[key];
  if (!entry) throw new CommandError(`couldn't find resource for "${apiVersionOf(resource)}, Kind=${resource.kind}"`);
  return read(entry.serverRelativeURL);
}
