/** Gets images onto the node by the Pod's pull policy, with back-off and the events users know (KUB-4 … KUB-6). */
import type { Container, Pod, Secret } from "../../api/types.ts";
import type { World } from "../../base/world.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { parseReference } from "../images/reference.ts";
import type { ImageService, ImageStatus, RegistryAuth } from "../runtime.ts";
import { ImagePullError } from "../runtime.ts";
import type { BackOff } from "./back-off.ts";
import { goDuration } from "./back-off.ts";
import type { ConfigSource } from "./environment.ts";
import { credentialsFor } from "./registry-credentials.ts";

/** The image is not here and can't be had now: the waiting reason and message to show, and when to try again. */
export class ImageUnavailable extends Error {
  readonly reason: string;
  readonly retryMs: number;
  constructor(reason: string, message: string, retryMs: number) {
    super(message);
    this.name = "ImageUnavailable";
    this.reason = reason;
    this.retryMs = retryMs;
  }
}

export interface ImagePullerDeps {
  readonly world: World;
  readonly images: ImageService;
  readonly recorder: EventRecorder;
  readonly source: ConfigSource;
  readonly backOff: BackOff;
}

export interface ImagePuller {
  /** The image, pulled if need be. Throws `ImageUnavailable`; rejects with the signal's reason when it aborts. */
  ensure(pod: Pod, container: Container, fieldPath: string, signal: AbortSignal): Promise<ImageStatus>;
  /** The Pod is gone. */
  forget(podUid: string): void;
}

/** How long `ErrImagePull` is shown before it turns into `ImagePullBackOff`. */
const errorShownMs = 1000;
const hopelessRetryMs = 10_000;

interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly at: number;
  /** Its back-off has been told of. */
  announced: boolean;
}

export function imagePuller(deps: ImagePullerDeps): ImagePuller {
  const { images, recorder, backOff } = deps;
  const { clock } = deps.world;
  /** Why the last pull failed, by Pod and image. */
  const failures = new Map<string, Map<string, Failure>>();

  const uidOf = (pod: Pod): string => pod.metadata.uid as string;
  const failureOf = (pod: Pod, image: string): Failure | undefined => failures.get(uidOf(pod))?.get(image);
  const note = (pod: Pod, image: string, failure: Failure): void => {
    const own = failures.get(uidOf(pod));
    if (own) own.set(image, failure);
    else failures.set(uidOf(pod), new Map([[image, failure]]));
  };

  /** Only somebody's doing can help; looked at again now and then, and told once. */
  function hopeless(
    pod: Pod,
    image: string,
    reason: string,
    event: string,
    message: string,
    where: { fieldPath: string },
  ): ImageUnavailable {
    if (failureOf(pod, image)?.reason !== reason) {
      note(pod, image, { reason, message, at: 0, announced: true });
      recorder.event(pod, "Warning", event, message, where);
      recorder.event(pod, "Warning", "Failed", `Error: ${reason}`, where);
    }
    return new ImageUnavailable(reason, message, hopelessRetryMs);
  }

  return {
    async ensure(pod, container, fieldPath, signal) {
      const image = container.image ?? "";
      const policy = container.imagePullPolicy ?? "IfNotPresent";
      const where = { fieldPath };
      if (!parseReference(image)) {
        const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
        throw hopeless(pod, image, "InvalidImageName", "InspectFailed", message, where);
      }
      const present = policy === "Always" ? undefined : await images.status(image);
      if (present) {
        recorder.event(
          pod,
          "Normal",
          "Pulled",
          `Container image "${image}" already present on machine and can be accessed by the pod`,
          where,
        );
        return present;
      }
      if (policy === "Never") {
        throw hopeless(
          pod,
          image,
          "ErrImageNeverPull",
          "ErrImageNeverPull",
          `Container image "${image}" is not present with pull policy of Never`,
          where,
        );
      }
      const failed = failureOf(pod, image);
      const left = failed ? backOff.remaining(uidOf(pod), image, failed.at, clock.now()) : 0;
      if (failed && left > 0) {
        const shownMs = clock.now() - failed.at;
        if (shownMs < errorShownMs) throw new ImageUnavailable(failed.reason, failed.message, errorShownMs - shownMs);
        if (!failed.announced) {
          failed.announced = true;
          recorder.event(pod, "Normal", "BackOff", `Back-off pulling image "${image}"`, where);
          recorder.event(pod, "Warning", "Failed", "Error: ImagePullBackOff", where);
        }
        throw new ImageUnavailable("ImagePullBackOff", `Back-off pulling image "${image}": ${failed.reason}: ${failed.message}`, left);
      }

      recorder.event(pod, "Normal", "Pulling", `Pulling image "${image}"`, where);
      const startedAt = clock.monotonic();
      try {
        const auths = await registryAuths(pod, image, deps.source);
        const pulled = await images.pull(image, auths, signal, { podUid: pod.metadata.uid as string, container: container.name });
        const took = goDuration(clock.monotonic() - startedAt);
        recorder.event(
          pod,
          "Normal",
          "Pulled",
          `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${pulled.sizeBytes} bytes.`,
          where,
        );
        failures.get(uidOf(pod))?.delete(image);
        backOff.forget(uidOf(pod), image);
        return pulled;
      } catch (error) {
        if (signal.aborted) throw error;
        const loaded = error instanceof ImagePullError && error.isUnreachable ? await loadedImage(images, image) : undefined;
        if (loaded) {
          const message = `Container image "${image}" was loaded on this machine and is used: its registry can't be reached`;
          recorder.event(pod, "Normal", "Pulled", message, where);
          failures.get(uidOf(pod))?.delete(image);
          backOff.forget(uidOf(pod), image);
          return loaded;
        }
        const reason = error instanceof ImagePullError ? error.kind : "ErrImagePull";
        const message = error instanceof Error ? error.message : String(error);
        recorder.event(pod, "Warning", "Failed", `Failed to pull image "${image}": ${message}`, where);
        recorder.event(pod, "Warning", "Failed", `Error: ${reason}`, where);
        backOff.next(uidOf(pod), image, clock.now());
        note(pod, image, { reason, message, at: clock.now(), announced: false });
        throw new ImageUnavailable(reason, message, errorShownMs);
      }
    },
    forget(podUid) {
      failures.delete(podUid);
      backOff.forget(podUid);
    },
  };
}

/**
 * An image that never came from a registry and so has no digest there. Where no registry can be reached, it is what its name
 * means, also under the policy `Always`, which an image without a tag has unless its manifest says otherwise.
 */
async function loadedImage(images: ImageService, image: string): Promise<ImageStatus | undefined> {
  const found = await images.status(image);
  return found?.digests.length === 0 ? found : undefined;
}

/** Credentials of the Pod's imagePullSecrets for this image; Secrets that are not there are passed over, as in Kubernetes. */
async function registryAuths(pod: Pod, image: string, source: ConfigSource): Promise<RegistryAuth[]> {
  const secrets: Secret[] = [];
  for (const reference of pod.spec?.imagePullSecrets ?? []) {
    const secret = reference.name ? await source.secret(pod.metadata.namespace as string, reference.name) : undefined;
    if (secret) secrets.push(secret);
  }
  return secrets.length === 0 ? [] : credentialsFor(image, secrets);
}
