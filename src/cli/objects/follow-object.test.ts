/** Waiting for an object, over watches that are cut, versions that are gone, and its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, notFound } from "../../api/errors.ts";
import type { AnyObject, WatchEvent } from "../../api/meta/object.ts";
import { settle } from "../../base/settle.node.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import type { WatchHandler } from "../../client/client.ts";
import type { Resource } from "../discovery/resource.ts";
import { followObject } from "./follow-object.ts";

const resource = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", scope: "Namespaced" } as Resource;
const version = (resourceVersion: string, value: string): AnyObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "c", namespace: "n", uid: "u", resourceVersion },
  data: { value },
});

/** A server with one object, whose watches the test holds in its hand. */
function world(first: AnyObject | undefined) {
  const clock = new VirtualClock(settle);
  const watches: { readonly from: string | undefined; readonly handler: WatchHandler<AnyObject>; isOpen: boolean }[] = [];
  const state = { object: first, watches, gets: 0 };
  const client: any = {
    async get() {
      state.gets++;
      if (!state.object) throw notFound({ group: "", resource: "configmaps", name: "c" });
      return state.object;
    },
    watch(_: unknown, { resourceVersion }: { resourceVersion?: string }, handler: WatchHandler<AnyObject>) {
      const watch = { from: resourceVersion, handler, isOpen: true };
      watches.push(watch);
      return { close: () => void (watch.isOpen = false) };
    },
  };
  const follow = (
    test: (object: AnyObject | undefined) => boolean,
    withinMs: number | undefined,
    signal = new AbortController().signal,
  ) => {
    const outcome = followObject({ client }, { resource, namespace: "n", name: "c" }, test, { clock, withinMs, signal });
    outcome.catch(() => {});
    return outcome;
  };
  return { clock, state, follow };
}

const isThird = (object: AnyObject | undefined): boolean => object?.["data"]?.value === "three";
const tell = (state: ReturnType<typeof world>["state"], type: WatchEvent<AnyObject>["type"], object: AnyObject): void =>
  state.watches.at(-1)?.handler.event({ type, object } as WatchEvent<AnyObject>);

test("an object that is as it should be is asked for once", async () => {
  const { state, follow } = world(version("3", "three"));
  assert.equal(await follow(isThird, 0), state.object);
  assert.deepEqual([state.gets, state.watches.length], [1, 0]);
});

test("changes are watched from the version that was seen; a cut watch is taken up again", async () => {
  const { clock, state, follow } = world(version("1", "one"));
  const outcome = follow(isThird, 60_000);
  await settle();
  assert.equal(state.watches[0]?.from, "1");
  tell(state, "MODIFIED", version("2", "two"));
  state.object = version("2", "two");
  state.watches[0]?.handler.end();
  await clock.advance(1000);
  assert.equal(state.watches[1]?.from, "2");
  tell(state, "MODIFIED", version("3", "three"));
  assert.equal((await outcome)?.metadata.resourceVersion, "3");
  assert.equal(state.watches[1]?.isOpen, false);
});

test("a version that is gone (410) is a look at what there is now; another refusal is an error", async () => {
  const { clock, state, follow } = world(version("1", "one"));
  const outcome = follow(isThird, 60_000);
  await settle();
  state.object = version("9", "three");
  state.watches[0]?.handler.end(
    new ApiError({ apiVersion: "v1", kind: "Status", metadata: {}, code: 410, reason: "Expired", message: "too old" }),
  );
  await clock.advance(1000);
  assert.equal((await outcome)?.metadata.resourceVersion, "9");

  const refused = world(version("1", "one"));
  const never = refused.follow(isThird, 60_000);
  await settle();
  refused.state.watches[0]?.handler.end(
    new ApiError({ apiVersion: "v1", kind: "Status", metadata: {}, code: 403, reason: "Forbidden", message: "no watch for you" }),
  );
  await assert.rejects(never, /no watch for you/);
});

test("the end of the object is told as its absence", async () => {
  const { state, follow } = world(version("1", "one"));
  const outcome = follow((object) => object === undefined, undefined);
  await settle();
  tell(state, "DELETED", version("2", "one"));
  assert.equal(await outcome, undefined);
});

test("what is not there is looked for again and again", async () => {
  const { clock, state, follow } = world(undefined);
  const outcome = follow(isThird, 60_000);
  await clock.advance(1000);
  state.object = version("1", "three");
  await clock.advance(1000);
  assert.equal((await outcome)?.metadata.resourceVersion, "1");
});

test("time that is over and Ctrl-C end it, and close the watch", async () => {
  const late = world(version("1", "one"));
  const outcome = late.follow(isThird, 5000);
  await late.clock.advance(6000);
  await assert.rejects(outcome, /timed out waiting for the condition/);
  assert.equal(late.state.watches[0]?.isOpen, false);

  const { state, follow } = world(version("1", "one"));
  const controller = new AbortController();
  const interrupted = follow(isThird, undefined, controller.signal);
  await settle();
  controller.abort(new Error("told to end"));
  await assert.rejects(interrupted, /told to end/);
  assert.equal(state.watches[0]?.isOpen, false);
});
