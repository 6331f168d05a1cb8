/** Images that cannot be pulled (KUB-5, KUB-6). */
import type { ContainerView, PodView } from "../workload.ts";
import { type Cause, clause, type Inquiry, oneLine, stateEvidence, templateWayOut } from "./cause.ts";
import type { CauseCode, Certainty, Evidence } from "./explanation.ts";

const pullReasons = new Set(["ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError", "SignatureValidationFailed"]);

interface Trouble {
  readonly pattern: RegExp;
  readonly code: CauseCode;
  readonly certainty: Certainty;
  readonly words: string;
}

/**
 * What registries and runtimes say, the surest first. What none of them fits may pass by itself. Tried on their words without the
 * names of images and addresses, which may hold any of these words and numbers.
 */
const troubles: readonly Trouble[] = [
  {
    pattern: /toomanyrequests|too many requests|rate ?limit|\b429\b/i,
    code: "ImagePullFailed",
    certainty: "likely",
    words: "the registry has had too many requests (its rate limit is higher for who logs in)",
  },
  {
    pattern: /pull QPS exceeded/i,
    code: "ImagePullFailed",
    certainty: "likely",
    words: "the node pulls no more images for the moment",
  },
  {
    pattern: /no match for platform|no matching manifest|no image found in (?:manifest list|image index)/i,
    code: "ImageNotFound",
    certainty: "certain",
    words: "it exists, but not for the processor and system of this node",
  },
  {
    pattern: /no space left on device/i,
    code: "ImagePullFailed",
    certainty: "likely",
    words: "the disk of the node is full",
  },
  {
    pattern: /unauthorized|denied|authentication required|authorization failed|forbidden|no basic auth|token has expired|\b40[13]\b/i,
    code: "ImagePullDenied",
    certainty: "certain",
    words: "the registry refuses it: it does not exist or needs credentials (imagePullSecrets)",
  },
  {
    pattern: /server gave HTTP response to HTTPS client/i,
    code: "ImagePullFailed",
    certainty: "likely",
    words: "the registry speaks plain HTTP, and the node insists on TLS",
  },
  {
    pattern: /x509|certificate/i,
    code: "ImagePullFailed",
    certainty: "likely",
    words: "the node does not trust the registry's certificate",
  },
  {
    pattern:
      /no such host|timeout|timed out|deadline exceeded|connection re(?:fused|set)|unreachable|no route to host|\b50\d\b|EOF|ENOTFOUND|ECONN|EAI_AGAIN/i,
    code: "ImagePullFailed",
    certainty: "likely",
    words: "the registry can't be reached",
  },
  {
    pattern: /short-name .* did not resolve|unqualified-search/i,
    code: "ImageNotFound",
    certainty: "certain",
    words: "its name lacks the registry, and the node knows none to look in",
  },
  {
    pattern: /not found|manifest unknown|name unknown|does not exist|no such manifest|\b404\b/i,
    code: "ImageNotFound",
    certainty: "certain",
    words: "there is no such image",
  },
];
const unknownTrouble = { code: "ImagePullFailed", certainty: "likely", words: "the pull fails" } as const;

/** An image, its repository, an address: nothing in them is a word of the trouble. */
const names =
  /"[^"\s]*[/:][^"\s]*"|\b[a-z][a-z+.-]*:\/\/[^\s":]+(?::\d+)?[^\s":]*|\b[\w.-]+(?::\d+)?(?:\/[\w.@-]+)+(?::[\w.-]+)?|\b[\w-]+(?:\.[\w-]+)+:\d+/g;

function troubleOf(text: string, image: string): Omit<Trouble, "pattern"> {
  const words = text.replaceAll(image, "").replace(names, "");
  return troubles.find(({ pattern }) => pattern.test(words)) ?? unknownTrouble;
}

/** Why a waiting container has no image; undefined where that is not its trouble. */
export function imageCause(inquiry: Inquiry, pod: PodView, container: ContainerView): Cause | undefined {
  if (container.state.type !== "waiting") return undefined;
  const { reason = "", message = "" } = container.state;
  const shown = stateEvidence(pod, container, "state.waiting", `${reason}${message ? `: ${message}` : ""}`);
  const way = templateWayOut(inquiry, setImage(inquiry, container));
  if (reason === "InvalidImageName")
    return {
      ...cause(pod, container, "InvalidImageName", "certain"),
      sentence: (subject, many) =>
        `${subject} can't start: "${container.image}" is no valid image name${many ? "" : ` (container ${container.name})`}.`,
      evidence: [shown],
      wayOut: way,
    };
  if (reason === "ErrImageNeverPull")
    return {
      ...cause(pod, container, "ImageNeverPulled", "certain"),
      sentence: (subject) =>
        `${subject} can't start: image "${container.image}" is not on the node, and imagePullPolicy Never forbids to pull it.`,
      evidence: [shown],
      wayOut: way,
    };
  if (!pullReasons.has(reason)) return undefined;
  const said = registryMessage(inquiry, pod, container, message);
  const { code, certainty, words } = said ? troubleOf(said.text, container.image) : unknownTrouble;
  const secret = code === "ImagePullDenied" ? missingPullSecret(inquiry, pod) : undefined;
  return {
    ...cause(pod, container, code, certainty),
    sentence: (subject) =>
      `${subject} can't pull image "${container.image}": ${words}${secret ? `, and pull secret "${secret.name}" does not exist` : ""}${said ? `; it says: ${clause(said.text)}` : ""}.`,
    evidence: [shown, ...(said && said.at !== shown.at ? [said] : []), ...(secret ? [secret.evidence] : [])],
    wayOut: secret ? [secret.wayOut, ...way] : way,
  };
}

const cause = (pod: PodView, container: ContainerView, code: CauseCode, certainty: Certainty) => ({
  code,
  certainty,
  same: `${container.name} ${container.image}`,
  pod,
  container: container.name,
});

const setImage = ({ commands, snapshot }: Inquiry, container: ContainerView) =>
  commands.kubectl("name an image that exists", `set image ${snapshot.kind.shortName}/${snapshot.key.name} ${container.name}=IMAGE`);

/** The node tries without a pull secret that it can't find, and says so in an event only. */
function missingPullSecret({ events, commands }: Inquiry, pod: PodView) {
  const event = events.last(pod.uid, ["FailedToRetrieveImagePullSecret"]);
  const name = /\(([^),\s]+)/.exec(event?.message ?? "")?.[1];
  if (!event || name === undefined) return undefined;
  return {
    name,
    evidence: { at: `event ${event.reason} of Pod ${pod.name}`, text: oneLine(event.message) },
    wayOut: commands.kubectl(
      "make the pull secret",
      `create secret docker-registry ${name} --docker-server=SERVER --docker-username=USER --docker-password=PASSWORD`,
    ),
  };
}

/** While it backs off, only an older event, or the second half of the message, has the registry's words. */
function registryMessage(inquiry: Inquiry, pod: PodView, container: ContainerView, message: string): Evidence | undefined {
  const own = withoutFrame(message);
  if (own) return { at: `Pod ${pod.name}, container ${container.name}, state.waiting`, text: own };
  const event = inquiry.events.last(pod.uid, ["Failed"], { container: container.name, message: /Failed to pull image/ });
  const text = event && withoutFrame(event.message);
  return text ? { at: `event Failed of Pod ${pod.name}`, text } : undefined;
}

/** In the order in which they stand around each other. */
const frames: readonly RegExp[] = [
  /^Back-off pulling image "[^"]*":?\s*/,
  /^(?:ErrImagePull|ImagePullBackOff|RegistryUnavailable):?\s*/,
  /^(?:Failed|failed) to pull image "[^"]*":\s*/,
  /^rpc error: code = \w+ desc = /,
  /^Error response from daemon:\s*/,
  /^failed to pull and unpack image "[^"]*":\s*/,
  /^failed to (?:resolve|copy|extract layer)[^:]* (?:reference|image) "[^"]*":\s*/,
  /^failed to copy:\s*/,
];

/** What stands around the registry's own words: our side's report of them. */
function withoutFrame(message: string): string {
  return oneLine(frames.reduce((text, frame) => text.replace(frame, ""), message));
}
