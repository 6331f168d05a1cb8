/** `create deployment`: a Deployment of one or more images. */
import { randomNameSuffix } from "../../base/random.ts";
import type { World } from "../../base/world.ts";
import { CommandError } from "../errors.ts";
import type { Generator } from "./generator.ts";

export const deployment: Generator = {
  kind: { group: "apps", version: "v1", kind: "Deployment", plural: "deployments", scope: "Namespaced" },
  usage: "NAME --image=IMAGE ... [--replicas=N] [flags] [-- COMMAND [args...]]",
  about: "Makes a Deployment with a container for each image.",
  examples: `windlass create deployment web --image=nginx:1.18 --replicas=2 --port=80
windlass create deployment sleeper --image=busybox -- sleep 3600`,
  flags: [
    { name: "image", type: "list", about: "image of a container; may be given several times" },
    { name: "port", type: "int", default: "-1", about: "the port that the container listens on" },
    { name: "replicas", short: "r", type: "int", default: "1", about: "how many Pods" },
  ],
  required: ["image"],
  takesWords: true,
  generate({ name, flags, words, environment: { world } }) {
    const images = flags.list("image");
    if (images.length > 1 && words.length > 0) throw new CommandError("cannot specify multiple --image options and command");
    const port = flags.int("port");
    const labels = { app: name };
    const containers = images.map((image, at) => ({
      name: containerName(image, world),
      image,
      ...(words.length > 0 && { command: [...words] }),
      ...(port >= 0 && at === 0 && { ports: [{ containerPort: port }] }),
      resources: {},
    }));
    return {
      metadata: { name, labels },
      spec: {
        replicas: flags.int("replicas"),
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
        strategy: {},
      },
      status: {},
    };
  },
};

/** `nginx` of `registry.example.com/library/nginx:1.18`; made a name where it is none, and then with a suffix, as it may stand twice. */
function containerName(image: string, world: World): string {
  const [last = ""] = (image.split("/").at(-1) ?? "").split(/[:@]/);
  if (!/[_.A-Z]/.test(last)) return last;
  return `${last.toLowerCase().replaceAll(/[_.]/g, "-")}-${randomNameSuffix(world.random)}`;
}
