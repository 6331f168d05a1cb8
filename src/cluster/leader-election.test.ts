// On the real server core, in virtual time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lease } from "../api/kinds/lease/index.ts";
import type { Client } from "../client/client.ts";
import { ConnectionError } from "../client/client.ts";
import { startLeaderElection } from "../client/leader-election.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const lease = { namespace: "default", name: "controllers" };

async function setUp() {
  const { client, world, clock } = await startVirtualControlPlane({ controllers: [] });
  const story: string[] = [];
  const candidate = (identity: string) => {
    let cut = false;
    const reachable = {
      ...client,
      get: (...all: Parameters<Client["get"]>) => (cut ? Promise.reject(new ConnectionError("cut")) : client.get(...all)),
    } as Client;
    const election = startLeaderElection({
      client: reachable,
      world,
      lease,
      identity,
      onStarted: () => story.push(`${identity} leads`),
      onStopped: () => story.push(`${identity} stops`),
    });
    return { election, cutOff: (now = true) => (cut = now) };
  };
  return { client, clock, story, candidate };
}

test("of several candidates one leads, and keeps leading", async () => {
  const { clock, story, candidate, client } = await setUp();
  const all = ["a", "b", "c"].map(candidate);
  await clock.advance(300_000);
  assert.deepEqual(story, ["a leads"]);
  assert.equal(all.filter(({ election }) => election.isLeader).length, 1);
  assert.equal((await client.get(Lease, lease)).spec?.holderIdentity, "a");
});

test("a leader that is cut off stops before another begins", async () => {
  const { clock, story, candidate, client } = await setUp();
  const [first] = ["a", "b"].map(candidate);
  await clock.advance(60_000);
  first?.cutOff();
  await clock.advance(60_000);
  assert.deepEqual(story, ["a leads", "a stops", "b leads"]);
  first?.cutOff(false);
  await clock.advance(60_000);
  assert.deepEqual(story, ["a leads", "a stops", "b leads"], "coming back it finds the office taken");
  assert.equal((await client.get(Lease, lease)).spec?.leaseTransitions, 1);
});

test("a leader that leaves lets go, so that another need not wait", async () => {
  const { clock, story, candidate } = await setUp();
  const [first] = ["a", "b"].map(candidate);
  await clock.advance(10_000);
  await first?.election.close();
  await clock.advance(2500);
  assert.deepEqual(story, ["a leads", "a stops", "b leads"]);
});
