/**
 * Watches the two directions of a connection go by and knows where HTTP/1 messages begin and end, and nothing more.
 * Between two exchanges the endpoint behind a connection may change; within one it may not. Whatever does not look like
 * HTTP/1 makes the whole connection opaque, for good.
 */

const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
/** A longer header line is nobody's HTTP. */
const lineMax = 65_536;

/** Where a direction stands. */
const atStart = 0;
const inHeader = 1;
const inBody = 2;
const atChunkSize = 3;
const inChunk = 4;
const afterChunk = 5;
const inTrailer = 6;
const untilEnd = 7;

interface Direction {
  stage: number;
  /** Bytes of the body or chunk that are still to come. */
  left: number;
  /** The beginning of a line whose end has not come. */
  carry: Uint8Array | undefined;
  length: number;
  chunked: boolean;
}

interface Exchange {
  readonly method: string;
  readonly isOld: boolean;
}

const newDirection = (): Direction => ({ stage: atStart, left: 0, carry: undefined, length: -1, chunked: false });

export class HttpScan {
  readonly #request = newDirection();
  readonly #response = newDirection();
  /** Requests whose head has been seen and whose response has not ended. */
  readonly #outstanding: Exchange[] = [];
  #opaque = false;
  #isFresh = true;
  #status = 0;
  #closes = false;
  #hasRequestLine = false;
  #method = "";
  #isOldRequest = false;
  #isOldResponse = false;
  #keepsAlive = false;

  /** The bytes are not HTTP/1, or not any more: the two sides belong together until the end. */
  get opaque(): boolean {
    return this.#opaque;
  }

  /** Nothing has passed in either direction. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** No request has begun that has not been answered in full. */
  get idle(): boolean {
    return !this.#opaque && this.#outstanding.length === 0 && this.#request.stage === atStart && !this.#request.carry;
  }

  /** The last exchange said that the connection ends with it. */
  get closes(): boolean {
    return this.#closes;
  }

  /** There is one request, and to send it twice does no more than to send it once (RFC 9110, 9.2.2). */
  get canRepeat(): boolean {
    if (this.#opaque || this.#outstanding.length > 1) return false;
    const method = this.#outstanding[0]?.method ?? this.#method;
    return method === "GET" || method === "HEAD" || method === "PUT" || method === "DELETE" || method === "OPTIONS";
  }

  /** Bytes from the client. */
  request(bytes: Uint8Array): void {
    if (this.idle) this.#closes = false;
    this.#isFresh = false;
    this.#scan(this.#request, bytes, true);
  }

  /** Bytes from the endpoint. */
  response(bytes: Uint8Array): void {
    // Who speaks without having been asked speaks another protocol.
    if (this.#outstanding.length === 0) this.#opaque = true;
    this.#isFresh = false;
    this.#scan(this.#response, bytes, false);
  }

  /** The endpoint has said all: a response without a length ends here. */
  responseEnd(): void {
    if (this.#response.stage !== untilEnd) return;
    this.#response.stage = atStart;
    this.#outstanding.shift();
    this.#closes = true;
  }

  #scan(direction: Direction, bytes: Uint8Array, isRequest: boolean): void {
    let at = 0;
    const end = bytes.length;
    while (at < end && !this.#opaque) {
      switch (direction.stage) {
        case untilEnd:
          return;
        case inBody:
        case inChunk: {
          const taken = Math.min(direction.left, end - at);
          direction.left -= taken;
          at += taken;
          if (direction.left > 0) break;
          if (direction.stage === inChunk) direction.stage = afterChunk;
          else this.#ended(direction, isRequest);
          break;
        }
        default: {
          // What begins otherwise than a request need not be looked at any further: TLS, for one.
          if (direction.stage === atStart && isRequest && !direction.carry && !mayBeginRequest(bytes[at] as number)) {
            this.#opaque = true;
            return;
          }
          const feed = bytes.indexOf(lineFeed, at);
          if (feed < 0) {
            direction.carry = joined(direction.carry, bytes.subarray(at));
            if (direction.carry.length > lineMax) this.#opaque = true;
            return;
          }
          if (direction.carry) {
            const line = joined(direction.carry, bytes.subarray(at, feed));
            direction.carry = undefined;
            this.#line(direction, line, 0, line.length, isRequest);
          } else {
            this.#line(direction, bytes, at, feed, isRequest);
          }
          at = feed + 1;
        }
      }
    }
  }

  #line(direction: Direction, bytes: Uint8Array, from: number, feed: number, isRequest: boolean): void {
    const to = feed > from && bytes[feed - 1] === carriageReturn ? feed - 1 : feed;
    switch (direction.stage) {
      case atStart:
        if (to === from) return;
        direction.length = -1;
        direction.chunked = false;
        direction.stage = inHeader;
        if (isRequest) this.#requestLine(bytes, from, to);
        else this.#statusLine(bytes, from, to);
        return;
      case inHeader:
        if (to > from) this.#header(direction, bytes, from, to);
        else if (isRequest) this.#requestHead(direction);
        else this.#responseHead(direction);
        return;
      case atChunkSize: {
        const size = hexadecimal(bytes, from, to);
        if (size < 0) this.#opaque = true;
        direction.left = size;
        direction.stage = size === 0 ? inTrailer : inChunk;
        return;
      }
      case afterChunk:
        direction.stage = atChunkSize;
        return;
      default:
        if (to === from) this.#ended(direction, isRequest);
    }
  }

  #requestLine(bytes: Uint8Array, from: number, to: number): void {
    const gap = bytes.indexOf(space, from);
    const isHttp = gap > from && gap - from <= 20 && to - gap > 10 && matches(bytes, to - 9, " HTTP/1.");
    if (!isHttp) {
      this.#opaque = true;
      return;
    }
    this.#method = text(bytes, from, gap);
    this.#isOldRequest = bytes[to - 1] === 0x30;
    this.#hasRequestLine = true;
  }

  #requestHead(direction: Direction): void {
    this.#outstanding.push({ method: this.#method, isOld: this.#isOldRequest });
    if (direction.chunked) direction.stage = atChunkSize;
    else if (direction.length > 0) this.#body(direction);
    else this.#ended(direction, true);
  }

  #statusLine(bytes: Uint8Array, from: number, to: number): void {
    if (to - from < 12 || !matches(bytes, from, "HTTP/1.")) {
      this.#opaque = true;
      return;
    }
    this.#isOldResponse = bytes[from + 7] === 0x30;
    this.#status = Number(text(bytes, from + 9, from + 12));
    this.#keepsAlive = false;
  }

  #responseHead(direction: Direction): void {
    const status = this.#status;
    const asked = this.#outstanding[0];
    if (status === 101 || (asked?.method === "CONNECT" && status >= 200 && status < 300)) {
      this.#opaque = true;
    } else if (status < 200) {
      direction.stage = atStart;
    } else {
      if ((asked?.isOld || this.#isOldResponse) && !this.#keepsAlive) this.#closes = true;
      if (asked?.method === "HEAD" || status === 204 || status === 304) this.#ended(direction, false);
      else if (direction.chunked) direction.stage = atChunkSize;
      else if (direction.length < 0) direction.stage = untilEnd;
      else if (direction.length === 0) this.#ended(direction, false);
      else this.#body(direction);
    }
  }

  #body(direction: Direction): void {
    direction.stage = inBody;
    direction.left = direction.length;
  }

  #ended(direction: Direction, isRequest: boolean): void {
    direction.stage = atStart;
    if (!isRequest) this.#outstanding.shift();
  }

  /** Only three headers say where a message ends and whether another one follows. */
  #header(direction: Direction, bytes: Uint8Array, from: number, to: number): void {
    const first = (bytes[from] as number) | 0x20;
    if (first === 0x63 /* c */) {
      if (matches(bytes, from, "content-length:")) {
        direction.length = Number(text(bytes, from + 15, to).trim());
        if (!Number.isSafeInteger(direction.length)) this.#opaque = true;
      } else if (matches(bytes, from, "connection:")) {
        const value = text(bytes, from + 11, to).toLowerCase();
        if (value.includes("close")) this.#closes = true;
        else if (value.includes("keep-alive")) this.#keepsAlive = true;
      }
    } else if (first === 0x74 /* t */ && matches(bytes, from, "transfer-encoding:")) {
      direction.chunked = text(bytes, from + 18, to)
        .toLowerCase()
        .trim()
        .endsWith("chunked");
    }
  }

  /** Whether the beginning of a request has been seen. */
  get isHttp(): boolean {
    return this.#hasRequestLine && !this.#opaque;
  }
}

/** Capital letters begin methods; empty lines may stand before a request. */
const mayBeginRequest = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || byte === carriageReturn || byte === lineFeed;

function joined(before: Uint8Array | undefined, bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array((before?.length ?? 0) + bytes.length);
  if (before) all.set(before);
  all.set(bytes, before?.length ?? 0);
  return all;
}

/** Whether `word` stands at a place, whatever its letters' case. */
function matches(bytes: Uint8Array, from: number, word: string): boolean {
  if (from < 0 || from + word.length > bytes.length) return false;
  for (let index = 0; index < word.length; index++) {
    const wanted = word.charCodeAt(index);
    const byte = bytes[from + index] as number;
    if (byte !== wanted && (byte | 0x20) !== (wanted | 0x20)) return false;
  }
  return true;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  let result = "";
  for (let index = from; index < to; index++) result += String.fromCharCode(bytes[index] as number);
  return result;
}

/** The number that begins a chunk; -1 where there is none. Extensions after `;` are left out. */
function hexadecimal(bytes: Uint8Array, from: number, to: number): number {
  const match = /^\s*([0-9a-f]{1,12})\s*(;|$)/i.exec(text(bytes, from, Math.min(to, from + 64)));
  return match ? Number.parseInt(match[1] as string, 16) : -1;
}
