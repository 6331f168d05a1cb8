/** `create job` and `create cronjob`. */
import type { AnyObject } from "../../api/meta/object.ts";
import { CommandError, throwAll } from "../errors.ts";
import { findObjects } from "../objects/find-objects.ts";
import type { Found } from "../objects/selection.ts";
import type { Generator, GenerateRequest } from "./generator.ts";

const template = (name: string, image: string, words: readonly string[], restartPolicy: string): object => ({
  metadata: {},
  spec: { containers: [{ name, image, ...(words.length > 0 && { command: [...words] }), resources: {} }], restartPolicy },
});

export const job: Generator = {
  kind: { group: "batch", version: "v1", kind: "Job", plural: "jobs", scope: "Namespaced" },
  usage: "NAME (--image=IMAGE | --from=cronjob/NAME) [flags] [-- COMMAND [args...]]",
  about: "Makes a Job that runs an image once, or one as a CronJob makes it, now.",
  examples: `windlass create job once --image=busybox -- date
windlass create job now --from=cronjob/report`,
  flags: [
    { name: "image", type: "string", about: "the image of its container" },
    { name: "from", type: "string", about: "the CronJob whose template it takes: cronjob/NAME" },
  ],
  takesWords: true,
  async generate(request) {
    const { name, flags, words } = request;
    const [image, from] = [flags.string("image"), flags.string("from")];
    if ((image === "") === (from === "")) throw new CommandError("either --image or --from must be specified");
    if (from !== "" && words.length > 0) throw new CommandError("cannot specify --from and command");
    if (from !== "") return fromCronJob(request, from);
    return { metadata: { name }, spec: { template: template(name, image, words, "Never") }, status: {} };
  },
};

async function fromCronJob({ name, environment, connection }: GenerateRequest, from: string): Promise<Record<string, any>> {
  // A word alone is a type without a name.
  if (!from.includes("/")) await connection.resources.find(from);
  const { found, errors } = await findObjects(environment, connection, { args: [from] }, { fetch: true });
  throwAll(errors);
  if (found.length > 1) throw new CommandError("from must be an existing cronjob");
  const { apiVersion, kind, metadata, ...object } = (found[0] as Found).object as AnyObject;
  if (kind !== "CronJob") throw new CommandError(`unknown object type *${apiVersion.split("/").at(-1)}.${kind}`);
  const { metadata: own = {}, spec } = object["spec"].jobTemplate;
  return {
    metadata: {
      name,
      ...(own.labels && { labels: own.labels }),
      annotations: { "cronjob.kubernetes.io/instantiate": "manual", ...own.annotations },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name: metadata.name, uid: metadata.uid, controller: true }],
    },
    spec,
    status: {},
  };
}

export const cronJob: Generator = {
  kind: { group: "batch", version: "v1", kind: "CronJob", plural: "cronjobs", scope: "Namespaced" },
  usage: "NAME --image=IMAGE --schedule='0/5 * * * ?' [flags] [-- COMMAND [args...]]",
  about: "Makes a CronJob that runs an image by the clock.",
  examples: "windlass create cronjob report --image=busybox --schedule='0 3 * * *' -- date",
  flags: [
    { name: "image", type: "string", about: "the image of its container" },
    { name: "schedule", type: "string", about: "when: minute, hour, day, month, weekday" },
    { name: "restart", type: "string", about: "OnFailure or Never; default: OnFailure" },
  ],
  required: ["image", "schedule"],
  takesWords: true,
  generate({ name, flags, words }) {
    const pod = template(name, flags.string("image"), words, flags.string("restart") || "OnFailure");
    const jobTemplate = { metadata: { name }, spec: { template: pod } };
    return { metadata: { name }, spec: { schedule: flags.string("schedule"), jobTemplate }, status: {} };
  },
};
