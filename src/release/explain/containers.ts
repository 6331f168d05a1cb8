/** Containers that do not start, or do not go on: command not found, crash, out of memory (KUB-1, KUB-3, KUB-8). */
import type { ContainerView, PodView, Termination } from "../workload.ts";
import { type Cause, clause, type Inquiry, logEvidence, oneLine, stateEvidence, templateWayOut } from "./cause.ts";
import type { CauseCode, Certainty, Evidence } from "./explanation.ts";
import { probeKilledCause } from "./probes.ts";

/** So many ends in a row without ever having been ready (some 70 seconds of tries) are taken for proof. */
const provenRestarts = 3;
/** An end as long ago as this is another story (KUB-1: when the back-off is forgotten). */
const recentMs = 600_000;

const startReasons = new Set(["StartError", "ContainerCannotRun", "RunContainerError"]);
const createReasons = new Set(["CreateContainerError", "PreCreateHookError", "PreStartHookError"]);
/** Of the program itself: files that a mount or a working directory lacks are told in nearly the same words. */
const notFound = /executable file .*not found|(?:exec:? |stat )\S+.* no such file or directory|not found in \$?PATH/i;
const notRunnable = /permission denied|exec format error|is a directory/i;
const notMounted = /error mounting|failed to mount|not a directory.*trying to mount|mount .* to rootfs/i;
const noFolder = /chdir to cwd|current working directory|mkdir .*cwd/i;
/** Nothing but another template, or image, helps. */
const neverCreated = /no command specified|invalid reference format|duplicate mount|is not an absolute path|must be an absolute path/i;

/** Why a container does not run, or not for long. */
export function containerCause(inquiry: Inquiry, pod: PodView, container: ContainerView): Cause | undefined {
  const { state } = container;
  if (state.type === "waiting" && createReasons.has(state.reason ?? "")) return createCause(inquiry, pod, container, state.message ?? "");
  if (state.type === "waiting" && state.reason === "RunContainerError")
    return startCause(inquiry, pod, container, state.message ?? container.last?.message ?? "", "state.waiting");
  const end = lastEnd(inquiry, pod, container);
  if (!end) return undefined;
  if (startReasons.has(end.reason ?? ""))
    return startCause(
      inquiry,
      pod,
      container,
      end.message ?? "",
      state.type === "terminated" ? "state.terminated" : "lastState.terminated",
    );
  return probeKilledCause(inquiry, pod, container, end) ?? endedCause(inquiry, pod, container, end);
}

/** The end that matters now: of this life, or of the one before while the next is awaited or has yet to prove itself. */
function lastEnd({ nowMs }: Inquiry, pod: PodView, container: ContainerView): Termination | undefined {
  const { state, last } = container;
  if (state.type === "terminated") return container.role === "init" && state.exitCode === 0 ? undefined : state;
  if (state.type === "waiting") return state.reason === "CrashLoopBackOff" ? last : undefined;
  return last && !container.ready && !pod.ready && nowMs - (last.finishedMs ?? 0) < recentMs ? last : undefined;
}

function createCause(inquiry: Inquiry, pod: PodView, container: ContainerView, message: string): Cause {
  const certainty = neverCreated.test(message) ? "certain" : "likely";
  return {
    ...common(pod, container, "ContainerCreateFailed", certainty, message.replace(/[0-9a-f]{12,}/g, "").slice(0, 60)),
    sentence: (subject) =>
      `${subject} can't start: container ${container.name} can't be created: ${clause(withoutRuntimeFrame(message) || "no reason is given")}.`,
    evidence: [stateEvidence(pod, container, "state.waiting", message)],
    wayOut: templateWayOut(inquiry, inquiry.commands.kubectl("look closer", `describe pod ${pod.name}`)),
  };
}

function startCause(inquiry: Inquiry, pod: PodView, container: ContainerView, message: string, field: string): Cause {
  const command = commandOf(pod, container);
  const { words, certainty, isMissing, fix } = startTrouble(container, message, command);
  return {
    ...common(pod, container, isMissing ? "CommandNotFound" : "ContainerStartFailed", certainty, container.image),
    sentence: (subject) => `${subject} can't start: ${words}.`,
    evidence: [
      stateEvidence(pod, container, field, message),
      ...(command ? [{ at: `Pod ${pod.name}, container ${container.name}, command`, text: oneLine(JSON.stringify(command)) }] : []),
    ],
    wayOut: templateWayOut(inquiry, {
      about: fix,
      ...(fix === otherImage && { command: setImage(inquiry, container) }),
    }),
  };
}

const otherImage = "take an image whose command exists";

/** What a runtime that could not start a container complains of, and what of the template to correct. */
function startTrouble(
  { name, image }: ContainerView,
  message: string,
  command: readonly string[] | undefined,
): { readonly words: string; readonly certainty: Certainty; readonly isMissing: boolean; readonly fix: string } {
  const said = clause(withoutRuntimeFrame(message) || "no reason is given");
  const likely = { certainty: "likely", isMissing: false } as const;
  if (notMounted.test(message))
    return {
      ...likely,
      words: `a volume of container ${name} can't be mounted where the template says: ${said}`,
      fix: `correct volumeMounts of container ${name} in the template`,
    };
  if (noFolder.test(message))
    return {
      ...likely,
      words: `the working directory of container ${name} can't be used: ${said}`,
      fix: `correct workingDir of container ${name} in the template`,
    };
  const program = /exec:? "([^"]+)"/.exec(message)?.[1] ?? /executable file [`']([^'`]+)/.exec(message)?.[1] ?? command?.[0];
  const subject = `the command of container ${name}${program ? ` ("${program}")` : ""}`;
  const fix = command ? "correct command or args in the template, or take another image" : otherImage;
  if (notFound.test(message)) return { words: `${subject} does not exist in image "${image}"`, certainty: "certain", isMissing: true, fix };
  if (notRunnable.test(message)) return { words: `${subject} can't be executed: ${said}`, certainty: "certain", isMissing: false, fix };
  return { ...likely, words: `container ${name} can't be started: ${said}`, fix };
}

/** What the runtimes put around their words, one in the other. */
const withoutRuntimeFrame = (message: string): string =>
  message
    .replace(
      /^(?:rpc error: code = \w+ desc = |failed to (?:create|start) (?:containerd task|container \S+|shim task|container): |failed to generate container "[^"]*" spec: |failed to generate spec: |OCI runtime (?:create|start) failed: |(?:runc|crun) (?:create|run|start) failed: |unable to start container process: |error during container init: |Error response from daemon: )+/,
      "",
    )
    .replace(/: unknown$/, "");

const setImage = ({ commands, snapshot }: Inquiry, container: ContainerView): string =>
  commands.kubectl("", `set image ${snapshot.kind.shortName}/${snapshot.key.name} ${container.name}=IMAGE`).command as string;

function commandOf(pod: PodView, container: ContainerView): string[] | undefined {
  const spec = [...(pod.object.spec?.initContainers ?? []), ...(pod.object.spec?.containers ?? [])].find(
    ({ name }) => name === container.name,
  );
  const words = [...(spec?.command ?? []), ...(spec?.args ?? [])];
  return words.length > 0 ? words : undefined;
}

const signals: Readonly<Record<number, string>> = {
  2: "INT",
  4: "ILL",
  6: "ABRT",
  7: "BUS",
  8: "FPE",
  9: "KILL",
  11: "SEGV",
  13: "PIPE",
  15: "TERM",
};

/** `with exit code 3`, `by signal SEGV (exit code 139)`. */
function howEnded(end: Termination): string {
  const signal = end.signal ?? (end.exitCode > 128 ? end.exitCode - 128 : 0);
  const name = signals[signal];
  if (name) return `by signal ${name} (exit code ${end.exitCode || 128 + signal})`;
  return signal > 0 && signal < 65 ? `by signal ${signal} (exit code ${end.exitCode})` : `with exit code ${end.exitCode}`;
}

function endedCause(inquiry: Inquiry, pod: PodView, container: ContainerView, end: Termination): Cause {
  const again = container.restarts > 0 ? `, ${container.restarts + 1} times so far` : "";
  const proven: Certainty = container.restarts >= provenRestarts && !pod.ready ? "certain" : "likely";
  const log = logEvidence(inquiry, pod, container);
  const field = container.state.type === "terminated" ? "state.terminated" : "lastState.terminated";
  const shown = stateEvidence(pod, container, field, endText(end));
  const read = inquiry.commands.kubectl(
    "read the whole log",
    `logs ${pod.name} -c ${container.name}${container.state.type === "running" || container.restarts > 0 ? " --previous" : ""}`,
  );
  const wayOut = templateWayOut(inquiry, read);
  const name = container.role === "app" ? `container ${container.name}` : `${container.role} container ${container.name}`;
  if (end.reason === "OOMKilled") {
    const limit = limitOf(pod, container);
    return {
      ...common(pod, container, "OutOfMemory", container.restarts > 0 ? "certain" : "likely", ""),
      sentence: (subject, many) =>
        `${subject} ${many ? "run" : "runs"} out of memory: ${name} was killed${limit ? ` at its limit of ${limit}` : ""}${again}.`,
      evidence: [shown, ...log],
      wayOut: [
        ...wayOut.slice(0, 1),
        inquiry.commands.kubectl(
          "allow it more memory",
          `set resources ${inquiry.snapshot.kind.shortName}/${inquiry.snapshot.key.name} -c ${container.name} --limits=memory=SIZE`,
        ),
      ],
    };
  }
  if (end.exitCode === 0 && !end.signal)
    return {
      ...common(pod, container, "ContainerCompleted", proven, ""),
      sentence: (subject, many) =>
        `${subject} ${many ? "do" : "does"} not stay: ${name} ends by itself with exit code 0${again}, and a ${inquiry.snapshot.kind.title} expects it to go on running.`,
      evidence: [shown, ...log],
      wayOut,
    };
  const lastLine = log[0]?.text.split("\n").findLast((line) => line.trim() !== "");
  const hint = hintOf(end, log[0]?.text ?? end.message ?? "");
  return {
    ...common(pod, container, "ContainerCrashed", hint ? "certain" : proven, String(end.exitCode)),
    sentence: (subject, many) =>
      `${subject} ${many ? "crash" : "crashes"}: ${name} ended ${howEnded(end)}${again}${hint}${lastLine ? `; its last line was: ${clause(lastLine)}` : ""}.`,
    evidence: [shown, ...log],
    wayOut,
  };
}

/** What shells mean by the two codes that are theirs, and what kernels say of programs for other machines. */
function hintOf(end: Termination, log: string): string {
  if (/exec format error/i.test(log)) return ", because the program is none for the processor of this node, or no program at all";
  if (end.exitCode === 127) return ", which is a shell's word for a command that does not exist";
  if (end.exitCode === 126) return ", which is a shell's word for a command that can't be executed";
  return "";
}

const endText = (end: Termination): string =>
  [`${end.reason ?? "ended"}, exit code ${end.exitCode}`, end.signal ? `signal ${end.signal}` : "", end.message ?? ""]
    .filter(Boolean)
    .join(", ");

const limitOf = (pod: PodView, container: ContainerView): string => {
  const spec = [...(pod.object.spec?.containers ?? []), ...(pod.object.spec?.initContainers ?? [])].find(
    ({ name }) => name === container.name,
  );
  return String(spec?.resources?.limits?.memory ?? "");
};

const common = (pod: PodView, container: ContainerView, code: CauseCode, certainty: Certainty, detail: string) => ({
  code,
  certainty,
  same: `${container.name} ${detail}`,
  pod,
  container: container.name,
});

/** The sandbox, or a hook after the start, keeps the Pod from running. */
export function aroundContainersCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (pod.ready || pod.ended || pod.terminating) return undefined;
  const event = inquiry.events.last(pod.uid, ["FailedCreatePodSandBox", "FailedPostStartHook"]);
  if (!event || inquiry.nowMs - event.lastMs > recentMs) return undefined;
  const isHook = event.reason === "FailedPostStartHook";
  if (!isHook && pod.containers.some(({ state }) => state.type !== "waiting")) return undefined;
  const evidence: Evidence[] = [{ at: `event ${event.reason} of Pod ${pod.name}`, text: oneLine(event.message) }];
  return {
    code: isHook ? "PostStartHookFailed" : "SandboxFailed",
    certainty: "likely",
    same: event.container ?? "",
    sentence: (subject) =>
      isHook
        ? `${subject} can't start: the postStart hook${event.container ? ` of container ${event.container}` : ""} fails, and the container is killed for it.`
        : `${subject} can't start: the node can't make its sandbox: ${clause(event.message.replace(/^Failed to create pod sandbox:\s*(?:rpc error: code = \w+ desc = )?/, ""))}.`,
    pod,
    ...(event.container !== undefined && { container: event.container }),
    evidence,
    wayOut: isHook
      ? templateWayOut(inquiry, { about: "correct lifecycle.postStart in the template" })
      : [inquiry.commands.clusterKubectl("look at the node", `describe node ${pod.node ?? ""}`.trim())],
  };
}
