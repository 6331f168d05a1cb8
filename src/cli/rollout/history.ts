/** `rollout history`: what ran when, who changed it, why, and how it ended. */
import { isForbidden } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { formatTime } from "../../base/time.ts";
import { humanDuration } from "../../machinery/duration.ts";
import type { Client } from "../../client/client.ts";
import { changesBetween, stateOf } from "../../release/history/changes.ts";
import { releasesWithImage } from "../../release/history/find-image.ts";
import { observe } from "../../release/observe.ts";
import { readHistory } from "../../release/records/history-store.ts";
import { durationMs, emptyHistory, type Release, type ReleaseHistory, releaseOf } from "../../release/records/release.ts";
import type { Revision, WorkloadSnapshot } from "../../release/workload.ts";
import type { Command, Environment } from "../command.ts";
import { qualifiedKind } from "../discovery/resource.ts";
import { CommandError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { toJsonText } from "../printing/json.ts";
import { printerOf, unknownFormat } from "../printing/printer.ts";
import { toYamlText } from "../printing/yaml.ts";
import { findWorkloads, workloadFlags } from "./find-workloads.ts";
import { historyTable, plainTable, precise } from "./history-table.ts";
import { describePodTemplate, revisionTemplate } from "../printing/pod-template.ts";
import { changesText, isColoured } from "./print-changes.ts";
import { whoSentence } from "./who.ts";

export const rolloutHistory: Command = {
  usage: "(TYPE NAME | TYPE/NAME) [flags]",
  about:
    "Shows every release of a workload: when it began, which user changed it (-o wide: and with which field manager), its images and configuration, how it ended and how long it took. The list is kept beside the workload by the release recorder, which runs in the engine and in `windlass controller`; it outlives ReplicaSets and renumbering. A star behind a ConfigMap or Secret says that its content changed with that release. Where nothing is recorded, and with --plain, the output is kubectl's.",
  examples: `  # What happened to web?
  windlass rollout history deployment/web

  # One revision, and what it changed
  windlass rollout history deployment/web --revision=3

  # When did v2 run?
  windlass rollout history deployment/web --image web:v2`,
  flags: [
    ...workloadFlags,
    { name: "revision", type: "int", default: "0", about: "the details of this revision, and what it changed" },
    { name: "image", type: "string", about: "only releases that ran this image, and until when: a name, name:tag, :tag or sha256:…" },
    { name: "plain", about: "kubectl's output: only the revisions that are still there, and their change cause" },
    { name: "output", short: "o", type: "string", about: "wide, json or yaml" },
    { name: "template", type: "string", hidden: true, about: "for -o jsonpath" },
    { name: "show-managed-fields", about: "keep metadata.managedFields in JSON and YAML" },
    { name: "allow-missing-template-keys", default: "true", hidden: true, about: "accepted" },
  ],
  completes: "workloads",
  async run({ args, flags }, environment) {
    if (flags.int("revision") < 0) throw new CommandError(`revision must be a positive integer: ${flags.int("revision")}`);
    const connection = await environment.connect(flags);
    try {
      const { client } = connection;
      for (const { kind, key } of await findWorkloads(environment, connection, args, flags)) {
        const snapshot = await observe(client, kind, key, environment.world.clock.now());
        const history = flags.bool("plain") ? emptyHistory : await historyOf(client, snapshot, environment);
        environment.stdout.write(await textOf(snapshot, history, flags, environment));
      }
      return 0;
    } finally {
      connection.close();
    }
  },
};

/** Who may not read what is recorded still sees what kubectl shows. */
async function historyOf(client: Client, snapshot: WorkloadSnapshot, { stderr }: Environment): Promise<ReleaseHistory> {
  try {
    return await readHistory(client, snapshot.object);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    stderr.write(`Warning: what is recorded can't be read: ${(error as Error).message}\n`);
    return emptyHistory;
  }
}

async function textOf(snapshot: WorkloadSnapshot, history: ReleaseHistory, flags: Flags, environment: Environment): Promise<string> {
  const revision = flags.int("revision");
  const output = flags.string("output");
  const head = `${qualifiedKind(snapshot.kind.ref)}/${snapshot.key.name}`;
  const isRecorded = history.releases.length > 0;
  if (output !== "" && output !== "wide") {
    return isRecorded ? documentText(snapshot, history, flags) : revisionObjects(snapshot, flags, environment);
  }
  if (revision > 0) return `${head} with revision #${revision}\n${detailsOf(snapshot, history, revision, environment)}`;
  if (!isRecorded && snapshot.revisions.length === 0) return `${head} \nNo rollout history found.\n`;
  if (!isRecorded) {
    if (flags.string("image") !== "") throw new CommandError(`nothing is recorded of ${head}: --image needs the release recorder`);
    return `${head} \n${plainTable(snapshot.revisions)}`;
  }
  const image = flags.string("image");
  const releases = image === "" ? history.releases : releasesWithImage(history.releases, image);
  if (releases.length === 0) {
    environment.stderr.write(`No release of ${head} ran ${image}, as far as is recorded.\n`);
    return "";
  }
  return `${head} \n${historyTable(releases, history.releases, { nowMs: snapshot.takenMs, wide: output === "wide", until: image !== "" })}`;
}

/** KR-11, then what is remembered and what the release changed. */
function detailsOf(snapshot: WorkloadSnapshot, history: ReleaseHistory, number: number, environment: Environment): string {
  const revision = snapshot.revisions.find((each) => each.number === number);
  const release = releaseOf(history, number);
  const remembered = release && stateOf(history, release).template;
  const template = revision ? shownTemplate(revision) : remembered;
  if (!template) throw new CommandError("unable to find the specified revision");
  const described = describePodTemplate(template);
  if (!release) return `${described}\n`;
  const before = history.releases[history.releases.indexOf(release) - 1];
  const lines = factLines(release, before, snapshot.takenMs);
  const changes = before ? changesBetween(stateOf(history, before), stateOf(history, release), toYamlText) : [];
  const title = before ? `Changed since revision ${before.number}:` : "";
  const changed =
    before && changes.length === 0
      ? `${title} nothing\n`
      : before
        ? `${title}\n${changesText(changes, isColoured(environment.stdout, environment))}`
        : "";
  return `${described}\n${lines.map(([name, value]) => `${`${name}:`.padEnd(15)}${value}\n`).join("")}${changed}\n`;
}

/** As kubectl shows it: a change cause stands among the annotations where it is kept in a ReplicaSet (KR-11). */
function shownTemplate(revision: Revision): Revision["template"] {
  const shown = revisionTemplate(revision);
  const { changeCause, template } = revision;
  if (changeCause === undefined || shown === template) return shown;
  return {
    ...shown,
    metadata: { ...shown.metadata, annotations: { ...shown.metadata?.annotations, "kubernetes.io/change-cause": changeCause } },
  };
}

function factLines(release: Release, before: Release | undefined, nowMs: number): [string, string][] {
  const { startedMs, outcome, reason, provenMs, formerNumbers = [], imageIds = {}, backfilled } = release;
  const ms = durationMs(release);
  return [
    ["Outcome", `${outcome}${ms === undefined ? "" : ` after ${precise(ms)}`}${reason === undefined ? "" : `: ${reason}`}`],
    ["Started", `${formatTime(startedMs)} (${humanDuration(Math.max(0, nowMs - startedMs))} ago)${backfilled ? ", found later" : ""}`],
    ["By", whoSentence(release, before)],
    ["Proven good", provenMs === undefined ? "no" : `since ${formatTime(provenMs)}`],
    ...(formerNumbers.length > 0 ? ([["Also known as", formerNumbers.join(", ")]] as [string, string][]) : []),
    ...Object.entries(imageIds).map(([container, id]): [string, string] => ["Image run", `${container}: ${id}`]),
  ];
}

/** The list as a document of its own. */
function documentText({ object, key }: WorkloadSnapshot, history: ReleaseHistory, flags: Flags): string {
  const number = flags.int("revision");
  const image = flags.string("image");
  const one = number > 0 ? releaseOf(history, number) : undefined;
  if (number > 0 && !one) throw new CommandError("unable to find the specified revision");
  const releases = one ? [one] : image === "" ? history.releases : releasesWithImage(history.releases, image);
  const document = {
    workload: { apiVersion: object.apiVersion, kind: object.kind, ...key },
    releases: releases.map((release) => {
      const { startedMs, completedMs, failedMs, provenMs, leftMs, template: templateDigest, applied: _, configuration, ...rest } = release;
      const times = { started: startedMs, completed: completedMs, failed: failedMs, proven: provenMs, left: leftMs };
      const { template } = stateOf(history, release);
      const took = durationMs(release);
      return {
        ...rest,
        ...Object.fromEntries(Object.entries(times).flatMap(([name, ms]) => (ms === undefined ? [] : [[name, formatTime(ms)]]))),
        ...(took !== undefined && { durationSeconds: took / 1000 }),
        configuration: configuration.map(({ next: __, ...use }) => use),
        templateDigest,
        ...(template && { template }),
      };
    }),
  };
  const format = flags.string("output");
  if (format === "json") return toJsonText(document);
  if (format === "yaml") return toYamlText(document);
  throw unknownFormat(format, "json,yaml,wide");
}

/** KR-15: ReplicaSets as they are, of the others the workload with the revision's template. */
async function revisionObjects(snapshot: WorkloadSnapshot, flags: Flags, environment: Environment): Promise<string> {
  const number = flags.int("revision");
  const revisions = snapshot.revisions.filter((revision) => number === 0 || revision.number === number).toReversed();
  if (number > 0 && revisions.length === 0) throw new CommandError("unable to find the specified revision");
  const print = await printerOf(flags, environment);
  const objects = revisions.map(
    ({ object, template }): AnyObject =>
      snapshot.kind.podsBelongTo === "revision" ? object : { ...snapshot.object, spec: { ...snapshot.object.spec, template } },
  );
  return objects.map((object) => print?.(object) ?? "").join("");
}
