/** The three ways of showing rollouts as they go: a drawing, a line per change, a document per change. */
import { formatTime } from "../../base/time.ts";
import type { World } from "../../base/world.ts";
import { changeLines } from "../../release/view/change-lines.ts";
import { drawMany } from "../../release/view/draw-many.ts";
import { type RolloutView, viewDocument } from "../../release/view/rollout-view.ts";
import type { Output } from "../command.ts";
import { toCompactJson } from "../printing/json.ts";
import type { Face } from "./follow-all.ts";
import { openScreen } from "./screen.ts";
import type { Terminal } from "./terminal.ts";

interface FaceOptions {
  readonly stdout: Output;
  readonly world: World;
  readonly withNamespace: boolean;
}

const idOf = ({ snapshot: { kind, key } }: RolloutView): string => `${kind.title}/${key.namespace ?? ""}/${key.name}`;

/** `-o json`: one document per line, for each change that is more than the passing of time. */
export function jsonFace({ stdout, world }: FaceOptions): Face {
  const told = new Map<string, string>();
  return {
    show(view) {
      const { time, estimate, ...document } = viewDocument(view);
      // Sentences tell ages: that time has passed is no change.
      const { explanations, ...facts } = document;
      const text = toCompactJson([facts, explanations.map(({ code, certainty, pods }) => [code, certainty, pods])]);
      if (told.get(idOf(view)) === text) return;
      told.set(idOf(view), text);
      stdout.write(`${toCompactJson({ time: formatTime(time), ...document, estimate })}\n`);
    },
    ended({ name, outcome, tookMs, view }) {
      const { kind, key } = view?.snapshot ?? {};
      stdout.write(
        `${toCompactJson({
          time: formatTime(world.clock.now()),
          ended: name,
          ...(kind && { kind: kind.title, name: key?.name, namespace: key?.namespace }),
          outcome,
          tookMs,
        })}\n`,
      );
    },
    close() {},
  };
}

/** A line for each change, for logs. */
export function lineFace({ stdout, world, withNamespace }: FaceOptions, { lettering }: Terminal): Face {
  const before = new Map<string, RolloutView>();
  return {
    show(view) {
      const lines = changeLines(view, before.get(idOf(view)), { withNamespace });
      for (const line of lines) stdout.write(`${lettering.text(line)}\n`);
      before.set(idOf(view), view);
    },
    ended: ({ name, outcome }) => {
      stdout.write(`${formatTime(world.clock.now()).slice(11)} ${name} ${outcome}\n`);
    },
    close() {},
  };
}

/** At most so many pictures a second: more can't be told apart. */
const paintPauseMs = 100;
/** Of those that were deleted, the last ones are told. */
const goneMax = 3;

/** A drawing that is painted over. */
export function liveFace({ stdout, world: { clock }, withNamespace }: FaceOptions, { colour, lettering }: Terminal): Face {
  const gone: string[] = [];
  let views: readonly RolloutView[] = [];
  let paintedMs = Number.NEGATIVE_INFINITY;
  let due: { cancel(): void } | undefined;
  const paint = (): void => {
    due?.cancel();
    due = undefined;
    paintedMs = clock.now();
    const notes = gone.slice(-goneMax);
    const height = Math.max(1, screen.height - notes.length);
    const lines = views.length === 0 ? [] : drawMany(views, { width: screen.width, height, colour, lettering, withNamespace });
    screen.paint([...lines, ...notes]);
  };
  const paintSoon = (): void => {
    due ??= clock.setTimer(Math.max(0, paintedMs + paintPauseMs - clock.now()), paint);
  };
  const screen = openScreen(stdout, () => paint());
  let isOpen = true;
  return {
    show(_, all) {
      views = all;
      paintSoon();
    },
    ended({ name, outcome }, all) {
      views = all;
      if (outcome === "gone") gone.push(`${name} was deleted`);
      paintSoon();
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      // What stands there in the end is how it ended.
      paint();
      screen.close();
    },
  };
}
