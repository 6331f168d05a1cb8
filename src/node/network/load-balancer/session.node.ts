/**
 * One client's connection. Bytes pass both ways as they are; between two HTTP/1 exchanges the endpoint behind it may
 * change without the client's noticing: when it has left, when it has closed an idle connection, when it refuses.
 */
import { connect, type Socket } from "node:net";
import { systemClock } from "../../../base/system-world.node.ts";
import type { Backend, Backends } from "./backends.ts";
import { HttpScan } from "./http-scan.ts";

/** A request that is larger is not kept to be sent a second time. */
const heldMaxBytes = 256 * 1024;
/** How often one request is sent to another endpoint because the last one closed the connection without a word. */
const repeatsMax = 3;

/** How soon the endpoints that refused are asked again meanwhile. */
const askAgainMs = 50;
/** How many connections to one port may wait; more are turned away at once. */
const waitingMax = 1000;

/** What sessions of one port share. */
export interface SessionHost {
  readonly backends: Backends<Session>;
  /** Sessions that wait for a connection to their endpoint, by when they began. */
  readonly connecting: Map<Session, number>;
  /** Sessions for which there is no endpoint at the moment. */
  readonly waiting: Set<Session>;
  /** How long they wait for one. */
  readonly waitMs: number;
  /** The port is closed: connections end with the exchange. */
  isClosed: boolean;
  /** The last request to an endpoint has ended. */
  quiet(backend: Backend<Session>): void;
}

type Ours = Socket & { session?: Session | undefined };

export class Session {
  readonly #host: SessionHost;
  readonly #client: Ours;
  readonly #clientAddress: string;
  readonly #scan = new HttpScan();
  #upstream: Ours | undefined;
  #backend: Backend<Session> | undefined;
  #isConnected = false;
  /** The exchange's bytes, until the endpoint has begun to answer. Undefined: too many, or not to be repeated. */
  #held: Buffer[] | undefined = [];
  #heldBytes = 0;
  #hasAnswered = false;
  #isBusy = false;
  #clientEnded = false;
  #tried: Set<Backend<Session>> | undefined;
  #repeats = 0;
  #waitsUntilMs: number | undefined;
  #wake: { cancel(): void } | undefined;

  constructor(host: SessionHost, client: Socket) {
    this.#host = host;
    this.#client = client;
    // Connections over IPv4 and IPv6 come from the same machine: to affinity they are one client.
    const address = client.remoteAddress ?? "";
    this.#clientAddress = address === "::1" ? "127.0.0.1" : address;
    (client as Ours).session = this;
    client.on("data", onClientData);
    client.on("end", onClientEnd);
    client.on("error", ignore);
    client.on("close", onClientClose);
    client.on("drain", onClientDrain);
    // A server that speaks first must be heard: there is no waiting for the client's first bytes.
    this.#attach();
  }

  /** The endpoint has left: lets go of it at once if nothing is under way. */
  leave(): void {
    if (this.#scan.isFresh) {
      this.#detach();
      this.#attach();
    } else if (this.#scan.idle) this.#rest();
  }

  /** There may be an endpoint again. */
  tryAgain(): void {
    if (!this.#wake) return;
    this.#endWait();
    this.#tried = undefined;
    this.#attach();
  }

  /** The endpoint did not take the connection in time. */
  timedOut(): void {
    if (!this.#isConnected) this.#upstream?.destroy(new Error("timed out"));
  }

  /** Ends both sides. */
  destroy(): void {
    this.#client.destroy();
  }

  fromClient(bytes: Buffer): void {
    const scan = this.#scan;
    const begins = scan.idle;
    if (!scan.opaque) {
      // Between exchanges nothing is lost by a change of endpoint.
      if (begins && !scan.isFresh && this.#upstream && (this.#backend?.isGone || this.#upstream.readableEnded)) this.#detach();
      scan.request(bytes);
    }
    if (begins) {
      this.#held = [];
      this.#heldBytes = 0;
      this.#hasAnswered = false;
      this.#repeats = 0;
      this.#tried = undefined;
      if (scan.isHttp) this.#setBusy(true);
    }
    if (this.#isConnected && (scan.opaque || !scan.canRepeat)) this.#held = undefined;
    if (this.#held) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      if (this.#heldBytes > heldMaxBytes && this.#isConnected) this.#held = undefined;
    }
    if (this.#wake) {
      if (this.#heldBytes > heldMaxBytes) this.#client.pause();
    } else if (!this.#upstream) this.#attach();
    else if (this.#isConnected) {
      if (!this.#upstream.write(bytes)) this.#client.pause();
    } else if (this.#heldBytes > heldMaxBytes) this.#client.pause();
  }

  fromUpstream(bytes: Buffer): void {
    const scan = this.#scan;
    if (!scan.opaque) {
      if (!scan.isFresh && scan.idle) {
        // Nobody asked: a server's parting words on a connection that it is about to close.
        this.#detach();
        return;
      }
      scan.response(bytes);
    }
    this.#hasAnswered = true;
    this.#held = undefined;
    if (!this.#client.write(bytes)) this.#upstream?.pause();
    if (scan.idle) this.#exchangeEnded();
  }

  clientEnded(): void {
    this.#clientEnded = true;
    if (this.#scan.idle || !this.#upstream) this.#client.destroy();
    else if (this.#isConnected) this.#upstream.end();
  }

  clientClosed(): void {
    this.#endWait();
    this.#detach();
  }

  clientDrained(): void {
    this.#upstream?.resume();
  }

  upstreamDrained(): void {
    this.#client.resume();
  }

  connected(): void {
    this.#isConnected = true;
    this.#waitsUntilMs = undefined;
    this.#host.connecting.delete(this);
    const upstream = this.#upstream as Ours;
    for (const bytes of this.#held ?? []) upstream.write(bytes);
    if (this.#scan.opaque || !this.#scan.canRepeat) this.#held = undefined;
    if (this.#clientEnded) upstream.end();
    if (this.#client.isPaused() && !upstream.writableNeedDrain) this.#client.resume();
  }

  /** The endpoint has ended its side, in order or not. */
  upstreamEnded(failed: boolean): void {
    const scan = this.#scan;
    if (!this.#isConnected) {
      this.#refused();
      return;
    }
    if (!failed) scan.responseEnd();
    if (scan.opaque) {
      if (failed) this.#client.resetAndDestroy();
      else this.#client.end();
    } else if (scan.isFresh) {
      this.#client.end();
      this.#detach();
    } else if (scan.idle) {
      this.#exchangeEnded();
      this.#detach();
      if (scan.closes) this.#client.destroySoon();
    } else if (!this.#hasAnswered && this.#held && this.#repeats < repeatsMax) {
      this.#repeats++;
      this.#detach();
      this.#attach();
    } else {
      this.#detach();
      if (this.#hasAnswered) this.#client.destroySoon();
      else this.#client.resetAndDestroy();
    }
  }

  /** Connects to the endpoint whose turn it is. */
  #attach(): void {
    const host = this.#host;
    const now = systemClock.monotonic();
    const backend = host.backends.choose(this.#clientAddress, now, this.#tried);
    if (!backend) {
      this.#wait(now);
      return;
    }
    const upstream: Ours = connect({ host: backend.ip, port: backend.port, noDelay: true, allowHalfOpen: true });
    upstream.session = this;
    this.#upstream = upstream;
    this.#backend = backend;
    this.#isConnected = false;
    backend.users.add(this);
    if (this.#isBusy) backend.busy++;
    host.connecting.set(this, now);
    upstream.on("connect", onConnect);
    upstream.on("data", onUpstreamData);
    upstream.on("end", onUpstreamEnd);
    upstream.on("error", onUpstreamError);
    upstream.on("close", onUpstreamClose);
    upstream.on("drain", onUpstreamDrain);
  }

  /**
   * There is nobody to connect to: all have left, or refused. While a Pod is replaced that lasts for a moment, and what the
   * client sees of it is a moment, too.
   */
  #wait(now: number): void {
    const { waiting, waitMs, isClosed } = this.#host;
    this.#waitsUntilMs ??= now + waitMs;
    if (isClosed || now >= this.#waitsUntilMs || waiting.size >= waitingMax) {
      this.#client.resetAndDestroy();
      return;
    }
    waiting.add(this);
    this.#wake = systemClock.setTimer(Math.min(askAgainMs, this.#waitsUntilMs - now), () => this.tryAgain());
  }

  #endWait(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#host.waiting.delete(this);
  }

  /** Not one byte has reached this endpoint, so that any other may have them. */
  #refused(): void {
    const backend = this.#backend;
    if (backend) {
      backend.failedAtMs = systemClock.monotonic();
      this.#tried ??= new Set();
      this.#tried.add(backend);
    }
    this.#detach();
    this.#attach();
  }

  #detach(): void {
    const upstream = this.#upstream;
    const backend = this.#backend;
    this.#upstream = undefined;
    this.#backend = undefined;
    if (!this.#isConnected) this.#host.connecting.delete(this);
    this.#isConnected = false;
    if (backend) {
      backend.users.delete(this);
      if (this.#isBusy && --backend.busy === 0) this.#host.quiet(backend);
    }
    if (!upstream) return;
    upstream.session = undefined;
    upstream.destroy();
  }

  #exchangeEnded(): void {
    this.#setBusy(false);
    this.#rest();
  }

  /** Between exchanges: what has left is let go, and what the client still waits for is over. */
  #rest(): void {
    if (this.#backend?.isGone && !this.#scan.closes) this.#detach();
    if (this.#host.isClosed || this.#clientEnded) this.#client.destroySoon();
  }

  #setBusy(isBusy: boolean): void {
    if (this.#isBusy === isBusy) return;
    this.#isBusy = isBusy;
    const backend = this.#backend;
    if (!backend) return;
    backend.busy += isBusy ? 1 : -1;
    if (backend.busy === 0) this.#host.quiet(backend);
  }
}

// Shared by all connections: a closure for each event of each connection costs more than the event.
function onClientData(this: Ours, bytes: Buffer): void {
  this.session?.fromClient(bytes);
}
function onClientEnd(this: Ours): void {
  this.session?.clientEnded();
}
function onClientClose(this: Ours): void {
  const session = this.session;
  this.session = undefined;
  session?.clientClosed();
}
function onClientDrain(this: Ours): void {
  this.session?.clientDrained();
}
function onConnect(this: Ours): void {
  this.session?.connected();
}
function onUpstreamData(this: Ours, bytes: Buffer): void {
  this.session?.fromUpstream(bytes);
}
function onUpstreamEnd(this: Ours): void {
  this.session?.upstreamEnded(false);
}
function onUpstreamError(this: Ours): void {
  this.session?.upstreamEnded(true);
}
function onUpstreamClose(this: Ours): void {
  if (!this.readableEnded) this.session?.upstreamEnded(true);
}
function onUpstreamDrain(this: Ours): void {
  this.session?.upstreamDrained();
}
/** Every error is followed by the end of the connection, which is what counts. */
function ignore(): void {}
