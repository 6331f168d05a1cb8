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
    let answersAfterMs = 0;
    const reachable = {
      ...client,
      get: (...all: Parameters<Client["get"]>) => (cut ? Promise.reject(new ConnectionError("cut")) : client.get(...all)),
      update: async (...all: Parameters<Client["update"]>) => {
        const answer = await client.update(...all);
        if (answersAfterMs > 0) await new Promise<void>((resolve) => clock.setTimer(answersAfterMs, resolve));
        return answer;
      },
    } as Client;
    const election = startLeaderElection({
      client: reachable,
      world,
      lease,
      identity,
      onStarted: () => story.push(`${identity} leads`),
      onStopped: () => story.push(`${identity} stops`),
    });
    return { election, cutOff: (now = true) => (cut = now), answerAfter: (ms: number) => (answersAfterMs = ms) };
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

test("a leader whose renewals are answered late never leads beside another", async () => {
  const { clock, story, candidate } = await setUp();
  const a = candidate("a");
  await clock.advance(60_000);
  const b = candidate("b");
  a.answerAfter(25_000);
  for (let second = 0; second < 120; second++) {
    await clock.advance(1000);
    assert.ok(!(a.election.isLeader && b.election.isLeader), `both lead: ${story.join(", ")}`);
  }
  assert.ok(story.includes("a stops") && story.includes("b leads"), story.join(", "));
});
