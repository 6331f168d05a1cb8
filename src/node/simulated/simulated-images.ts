/** Images that nobody pulls: each that is named is there, after as long and as surely as its Pod's annotations say. */
import type { Clock } from "../../base/clock.ts";
import { sleep } from "../../base/clock.ts";
import type { ImageService, ImageStatus } from "../runtime.ts";
import { ImagePullError } from "../runtime.ts";
import type { SimulatedBehaviour } from "./annotations.ts";
import { pseudoDigest } from "./pseudo-digest.ts";

const sizeBytes = 25_000_000;

export interface SimulatedImagesOptions {
  readonly clock: Clock;
  /** What holds for the container that an image is pulled for; undefined: for nobody in particular. */
  behaviourFor(user: { readonly podUid: string; readonly container: string } | undefined): SimulatedBehaviour;
  /** Images for which the pull fails. */
  fails?(reference: string): boolean;
}

export interface SimulatedImages extends ImageService {
  /** Takes an image for present. */
  remember(reference: string): ImageStatus;
}

/** A store without images. */
export function simulatedImages(options: SimulatedImagesOptions): SimulatedImages {
  const present = new Map<string, ImageStatus>();
  const remember = (reference: string): ImageStatus => {
    let image = present.get(reference);
    if (!image) {
      const digest = `sha256:${pseudoDigest(reference)}`;
      const digests = [`${reference.replace(/[:@][^/]*$/, "")}@${digest}`];
      image = { id: digest, tags: [reference], digests, sizeBytes, user: "" };
      present.set(reference, image);
    }
    return image;
  };
  return {
    remember,
    async status(reference) {
      return present.get(reference);
    },
    async pull(reference, _auths, signal, user) {
      const { fail, pullMs } = options.behaviourFor(user);
      if (pullMs > 0) await sleep(options.clock, pullMs, signal);
      if (fail === "image" || options.fails?.(reference)) {
        throw new ImagePullError("ErrImagePull", `failed to pull image "${reference}": simulated: not found`);
      }
      return remember(reference);
    },
    list: async () => [...present.values()],
    async remove(reference) {
      present.delete(reference);
    },
  };
}
