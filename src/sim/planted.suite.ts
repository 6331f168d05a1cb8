/**
 * Faults planted into controllers, to show that checkers find them. A controller that misreads its manifest does everything right
 * but one thing; others do one thing that no controller should.
 */
import type { KindRef } from "../api/kind.ts";
import type { AnyObject, KubeObject } from "../api/meta/object.ts";
import type { Client } from "../client/client.ts";
import { type Controller, type ControllerDeps, controller } from "../client/controller.ts";
import { done, requeueAfter } from "../client/outcome.ts";
import type { Actor } from "./workloads/workload.ts";

export type Plant = (actors: readonly Actor[]) => readonly Actor[];

const replace =
  (name: string, change: (deps: ControllerDeps) => ControllerDeps): Plant =>
  (actors) =>
    actors.map((actor) => (actor.name === name ? { name, make: (deps) => actor.make(change(deps)) } : actor));

/** The controller sees another spec than the one that was written. */
export const misreads = (name: string, kind: KindRef, misread: (spec: any) => unknown): Plant =>
  sees(name, kind, (object) => ({ ...object, spec: misread(object.spec) }));

/** The controller sees other objects of a kind than those that there are. */
export function sees(name: string, kind: KindRef, seen: (object: AnyObject) => AnyObject): Plant {
  const wrong = (object: any): any => object && seen(object);
  return replace(name, (deps) => ({
    ...deps,
    informers: {
      ...deps.informers,
      of(asked: KindRef<any>) {
        const informer = deps.informers.of(asked);
        if (asked.kind !== kind.kind) return informer;
        const lister = {
          get: (key: any) => wrong(informer.lister.get(key)),
          list: (options: any) => informer.lister.list(options).map(wrong),
          byIndex: (index: string, value: string) => informer.lister.byIndex(index, value).map(wrong),
          byIndexCount: (index: string, value: string) => informer.lister.byIndexCount(index, value),
          get size() {
            return informer.lister.size;
          },
        };
        return new Proxy(informer, {
          get(target, property) {
            if (property === "lister") return lister;
            const value = Reflect.get(target, property, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      },
    } as ControllerDeps["informers"],
  }));
}

/** The controller's requests are changed on their way. */
export const writes = (name: string, change: (client: Client) => Partial<Client>): Plant =>
  replace(name, (deps) => ({ ...deps, client: { ...deps.client, ...change(deps.client) } }));

/** The controller is not there. */
export const lacks =
  (name: string): Plant =>
  (actors) =>
    actors.filter((actor) => actor.name !== name);

/** One more controller, which does something to every object of a kind, again and again. `beside`: in the process of, and as, another. */
export function meddles<T extends KubeObject>(
  kind: KindRef<T>,
  everyMs: number,
  meddle: (object: T, client: Client) => Promise<unknown>,
  beside?: string,
): Plant {
  const make = (deps: ControllerDeps): Controller => {
    const nextMs = new Map<string, number>();
    return controller("meddler", deps)
      .reconciles(kind)
      .with(async (key) => {
        const object = deps.informers.of(kind).lister.get(key);
        const nowMs = deps.world.clock.now();
        const dueMs = nextMs.get(key.name) ?? nowMs;
        if (!object) return done;
        if (dueMs > nowMs) return requeueAfter(dueMs - nowMs, "it meddles now and then");
        nextMs.set(key.name, nowMs + everyMs);
        await meddle(object, deps.client).catch(() => {});
        return requeueAfter(everyMs, "it meddles now and then");
      });
  };
  return (actors) =>
    beside === undefined || actors.some(({ name }) => name === beside) ? [...actors, { name: beside ?? "meddler", make }] : actors;
}

export const withSpec = (object: AnyObject, spec: object): AnyObject => ({ ...object, spec: { ...object.spec, ...spec } });
