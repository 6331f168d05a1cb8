/** The endpoints behind one port of a load balancer: who takes the next connection, and who is still at work. */

/** How long an endpoint that refused is passed over while there are others. */
const passOverMs = 1000;
/** How many clients a port remembers; the one that came first is forgotten first. */
const clientsMax = 10_000;

/** One endpoint. `S` is a connection that uses it. */
export interface Backend<S> {
  readonly ip: string;
  readonly port: number;
  readonly users: Set<S>;
  /** Requests under way. */
  busy: number;
  /** It is no longer one of the endpoints: nothing new goes there. */
  isGone: boolean;
  failedAtMs: number;
}

export interface Backends<S> {
  readonly size: number;
  all(): readonly Backend<S>[];
  /** Replaces the endpoints and answers with those that have left. */
  replace(wanted: readonly { readonly ip: string; readonly port: number }[], affinitySeconds: number | undefined): readonly Backend<S>[];
  /** The endpoint with the fewest connections, in turn among equals; not one of `tried`. Undefined when there is no other. */
  choose(client: string, nowMs: number, tried: ReadonlySet<Backend<S>> | undefined): Backend<S> | undefined;
}

export function createBackends<S>(): Backends<S> {
  let list: Backend<S>[] = [];
  let affinityMs: number | undefined;
  let turn = 0;
  const clients = new Map<string, { readonly backend: Backend<S>; seenMs: number }>();

  return {
    get size() {
      return list.length;
    },
    all: () => list,
    replace(wanted, affinitySeconds) {
      const known = new Map(list.map((backend) => [`${backend.ip}:${backend.port}`, backend]));
      list = wanted.map(({ ip, port }) => {
        const key = `${ip}:${port}`;
        const backend = known.get(key) ?? { ip, port, users: new Set<S>(), busy: 0, isGone: false, failedAtMs: Number.NEGATIVE_INFINITY };
        known.delete(key);
        return backend;
      });
      for (const backend of known.values()) backend.isGone = true;
      affinityMs = affinitySeconds === undefined ? undefined : affinitySeconds * 1000;
      for (const [client, { backend }] of clients) if (backend.isGone || affinityMs === undefined) clients.delete(client);
      return [...known.values()];
    },
    choose(client, nowMs, tried) {
      if (affinityMs === undefined) return fewest(nowMs, tried);
      const known = clients.get(client);
      const backend = known && nowMs - known.seenMs <= affinityMs && !tried?.has(known.backend) ? known.backend : fewest(nowMs, tried);
      if (!backend) return undefined;
      clients.delete(client);
      clients.set(client, { backend, seenMs: nowMs });
      if (clients.size > clientsMax) clients.delete(clients.keys().next().value as string);
      return backend;
    },
  };

  function fewest(nowMs: number, tried: ReadonlySet<Backend<S>> | undefined): Backend<S> | undefined {
    let best: Backend<S> | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    const count = list.length;
    turn = count === 0 ? 0 : (turn + 1) % count;
    for (let index = 0; index < count; index++) {
      const backend = list[(turn + index) % count] as Backend<S>;
      if (tried?.has(backend)) continue;
      const cost = backend.users.size + (nowMs - backend.failedAtMs < passOverMs ? 1e9 : 0);
      if (cost >= bestCost) continue;
      best = backend;
      bestCost = cost;
    }
    return best;
  }
}
