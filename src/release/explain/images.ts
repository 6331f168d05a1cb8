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

/** What registries say, the surest first. What none of them fits may pass by itself. */
const troubles: readonly Trouble[] = [
  {
    pattern: /unauthorized|denied|authentication required|\b40[13]\b/i,
    code: "ImagePullDenied",
    certainty: "certain",
    words: "the registry refuses it: it does not exist or needs credentials (imagePullSecrets)",
  },
  {
    pattern: /toomanyrequests|\b429\b/i,
    code: "ImagePullFailed",
    certainty: "likely",
    words: "the registry has had too many requests",
  },
  {
    pattern:
      /no such host|timeout|timed out|deadline exceeded|connection refused|unreachable|x509|certificate|\b50\d\b|EOF|ENOTFOUND|ECONN|EAI_AGAIN/i,
    code: "ImagePullFailed",
    certainty: "likely",
    words: "the registry can't be reached",
  },
  {
    pattern: /not found|manifest unknown|name unknown|does not exist|\b404\b/i,
    code: "ImageNotFound",
    certainty: "certain",
    words: "there is no such image",
  },
];
const unknownTrouble = { code: "ImagePullFailed", certainty: "likely", words: "the pull fails" } as const;

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
  const { code, certainty, words } = troubles.find(({ pattern }) => said && pattern.test(said.text)) ?? unknownTrouble;
  return {
    ...cause(pod, container, code, certainty),
    sentence: (subject) => `${subject} can't pull image "${container.image}": ${said ? `${words}; it says: ${clause(said.text)}` : words}.`,
    evidence: said && said.at !== shown.at ? [shown, said] : [shown],
    wayOut: way,
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

/** While it backs off, only an older event, or the second half of the message, has the registry's words. */
function registryMessage(inquiry: Inquiry, pod: PodView, container: ContainerView, message: string): Evidence | undefined {
  const own = withoutFrame(message);
  if (own) return { at: `Pod ${pod.name}, container ${container.name}, state.waiting`, text: own };
  const event = inquiry.events.last(pod.uid, ["Failed"], { container: container.name, message: /Failed to pull image/ });
  const text = event && withoutFrame(event.message);
  return text ? { at: `event Failed of Pod ${pod.name}`, text } : undefined;
}

/** What stands around the registry's own words: our side's report of them. */
function withoutFrame(message: string): string {
  const frames = [
    /^Back-off pulling image "[^"]*":?\s*/,
    /^(?:ErrImagePull|ImagePullBackOff):?\s*/,
    /^(?:Failed|failed) to pull image "[^"]*":\s*/,
    /^rpc error: code = \w+ desc = /,
    /^failed to pull and unpack image "[^"]*":\s*/,
    /^failed to resolve (?:reference|image) "[^"]*":\s*/,
  ];
  return oneLine(frames.reduce((text, frame) => text.replace(frame, ""), message));
}
