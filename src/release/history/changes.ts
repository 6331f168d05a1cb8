/** What differs between two states of a workload: its template, and what is in the ConfigMaps and Secrets that it names. */
import type { PodTemplateSpec } from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { type ConfigurationReference, referenceText } from "../configuration/references.ts";
import type { Release, ReleaseHistory } from "../records/release.ts";
import { type DiffLine, lineDiff } from "./line-diff.ts";

/** The content of one ConfigMap or Secret in a state. */
export interface ConfigurationState extends ConfigurationReference {
  /** Absent: not there, or not known. */
  readonly digest?: string;
  /** Compact JSON of `{ data, binaryData }`; absent for Secrets, and where it is not known. */
  readonly text?: string;
}

/** What containers are made from. */
export interface State {
  /** Absent: not remembered. */
  readonly template?: PodTemplateSpec;
  readonly configuration: readonly ConfigurationState[];
}

/** One thing that differs. */
export interface Change {
  /** What it is: `Pod template`, `ConfigMap settings, app.conf`. */
  readonly title: string;
  readonly lines: readonly DiffLine[];
  /** A sentence, where there are no lines to show. */
  readonly note?: string;
}

/** The state that a release ran with, as far as it is remembered. */
export function stateOf({ texts }: ReleaseHistory, release: Release): State {
  const template = texts[release.template];
  return {
    ...(template !== undefined && { template: JSON.parse(template) as PodTemplateSpec }),
    configuration: release.configuration.map(({ kind, name, digest }) => {
      const text = digest === undefined ? undefined : texts[digest];
      return { kind, name, ...(digest !== undefined && { digest }), ...(text !== undefined && { text }) };
    }),
  };
}

/** What differs, the template first. `toText` spells a value as people read it, in YAML for example. */
export function changesBetween(before: State, after: State, toText: (value: unknown) => string): readonly Change[] {
  return [...templateChange(before, after, toText), ...configurationChanges(before.configuration, after.configuration)];
}

function templateChange(before: State, after: State, toText: (value: unknown) => string): Change[] {
  const title = "Pod template";
  if (!before.template || !after.template) return [{ title, lines: [], note: "is not remembered" }];
  const [was, is] = [withoutEmptyTime(before.template), withoutEmptyTime(after.template)];
  return deepEqual(was, is) ? [] : [{ title, lines: lineDiff(toText(was), toText(is)) }];
}

/** A template has no creation time; some servers give it an empty one, which no release changes. */
export function withoutEmptyTime(template: PodTemplateSpec): PodTemplateSpec {
  if (!template.metadata) return template;
  const { creationTimestamp: _, ...metadata } = template.metadata;
  return { ...template, metadata };
}

function configurationChanges(before: readonly ConfigurationState[], after: readonly ConfigurationState[]): Change[] {
  const changes: Change[] = [];
  const earlier = new Map(before.map((state) => [referenceText(state), state]));
  for (const state of after) {
    const was = earlier.get(referenceText(state));
    earlier.delete(referenceText(state));
    changes.push(...contentChanges(was, state));
  }
  // The template's own difference shows what is named no more.
  return changes;
}

function contentChanges(before: ConfigurationState | undefined, after: ConfigurationState): Change[] {
  const title = `${after.kind} ${after.name}`;
  if (before?.digest === after.digest) return [];
  if (after.digest === undefined) return [{ title, lines: [], note: "was not there, or not readable" }];
  if (before && (before.text === undefined || after.text === undefined) && before.digest !== undefined) {
    const why = after.kind === "Secret" ? "contents of Secrets are neither kept nor shown" : "its content was too long to be kept";
    return [{ title, lines: [], note: `changed; ${why}` }];
  }
  if (after.text === undefined) return [];
  const from = entries(before?.text);
  const to = entries(after.text);
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].sort().flatMap((key) => {
    const lines = lineDiff(from[key] ?? "", to[key] ?? "");
    const note = key in from ? (key in to ? undefined : "is gone") : to[key] === "" ? "is new, and empty" : undefined;
    if (lines.length === 0 && note === undefined) return [];
    return [{ title: `${title}, ${key}`, lines, ...(note !== undefined && { note }) }];
  });
}

/** Key to text; bytes stay base64. */
function entries(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const { data = {}, binaryData = {} } = JSON.parse(text) as { data?: Record<string, string>; binaryData?: Record<string, string> };
  return { ...data, ...Object.fromEntries(Object.entries(binaryData).map(([key, value]) => [key, `${value} (base64)`])) };
}
