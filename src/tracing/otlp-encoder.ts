import type { Attributes, Span } from './span.ts';

/*
 * ExportTraceServiceRequest of https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto,
 * written straight from the spans: the encoder of the SDK takes three times as long, which is a tenth of the cost of an order.
 * Lengths are written as varints of a fixed size, which every decoder accepts, so that nothing is measured before it is written.
 */
const LENGTH_BYTES = 4;
/** Of texts, attributes and links, which are shorter than 16 KiB. */
const SHORT_BYTES = 2;
/** A span has a few hundred bytes; texts are cut, so that a buffer with this much room always suffices for one. */
const SPAN_ROOM = 64 * 1024;
const MAX_TEXT = 1_024;
const MAX_LINKS = 256;
const LINK_FLAGS = 0x101;
const STATUS_ERROR = 2;
/** sampled; whether the parent is in another process is known, and it is */
const SAMPLED = 0x101;
const REMOTE = 0x200;

/** Encodes requests for one resource, with a buffer that it keeps. */
export class OtlpEncoder {
  #bytes = Buffer.allocUnsafeSlow(256 * 1024);
  #at = 0;
  readonly #resource: Attributes;
  readonly #keys = new Map<string, Buffer>();

  /** @param resource the attributes of the process */
  constructor(resource: Attributes) {
    this.#resource = resource;
  }

  encode(spans: readonly Span[]): Uint8Array {
    this.#at = 0;
    const resourceSpans = this.#begin(1);
    const resource = this.#begin(1);
    this.#attributes(1, this.#resource);
    this.#end(resource);
    const scopeSpans = this.#begin(2);
    const scope = this.#begin(1);
    this.#text(1, 'order-system');
    this.#end(scope);
    for (const span of spans) this.#span(span);
    this.#end(scopeSpans);
    this.#end(resourceSpans);
    // A copy: the buffer is used again while the request is on its way.
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#at);
  }

  #span(span: Span): void {
    this.#makeRoom();
    const at = this.#begin(2);
    this.#id(1, span.traceId);
    this.#id(2, span.spanId);
    if (span.parentSpanId !== undefined) this.#id(4, span.parentSpanId);
    this.#text(5, span.name);
    this.#tag(6, 0);
    this.#bytes[this.#at++] = span.kind + 1;
    this.#time(7, span.startedAt);
    this.#time(8, span.endedAt);
    this.#attributes(9, span.attributes);
    for (const { traceId, spanId } of span.links.slice(0, MAX_LINKS)) {
      const link = this.#begin(13, SHORT_BYTES);
      this.#id(1, traceId);
      this.#id(2, spanId);
      this.#fixed32(6, LINK_FLAGS);
      this.#end(link, SHORT_BYTES);
    }
    if (span.failure !== undefined) {
      const status = this.#begin(15, SHORT_BYTES);
      this.#text(2, span.failure);
      this.#tag(3, 0);
      this.#bytes[this.#at++] = STATUS_ERROR;
      this.#end(status, SHORT_BYTES);
    }
    this.#fixed32(16, span.isParentRemote ? SAMPLED | REMOTE : SAMPLED);
    this.#end(at);
  }

  #attributes(field: number, attributes: Attributes): void {
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined) continue;
      const pair = this.#begin(field, SHORT_BYTES);
      this.#at += this.#key(key).copy(this.#bytes, this.#at);
      const any = this.#begin(2, SHORT_BYTES);
      if (typeof value === 'string') this.#text(1, value);
      else if (typeof value === 'boolean') this.#varint(2, value ? 1 : 0);
      else if (Number.isSafeInteger(value) && value >= 0) this.#varint(3, value);
      else this.#double(4, value);
      this.#end(any, SHORT_BYTES);
      this.#end(pair, SHORT_BYTES);
    }
  }

  /** Names are few and repeated. */
  #key(name: string): Buffer {
    let key = this.#keys.get(name);
    if (key === undefined) {
      const text = Buffer.from(name.slice(0, 120));
      key = Buffer.concat([Buffer.from([0x0a, text.length]), text]);
      this.#keys.set(name, key);
    }
    return key;
  }

  #tag(field: number, wireType: number): void {
    const tag = (field << 3) | wireType;
    if (tag < 128) {
      this.#bytes[this.#at++] = tag;
      return;
    }
    this.#bytes[this.#at++] = (tag & 127) | 128;
    this.#bytes[this.#at++] = tag >> 7;
  }

  /** Begins a message. @returns where its content begins */
  #begin(field: number, lengthBytes = LENGTH_BYTES): number {
    this.#tag(field, 2);
    this.#at += lengthBytes;
    return this.#at;
  }

  /** @param from what `#begin` returned, with the same number of bytes */
  #end(from: number, lengthBytes = LENGTH_BYTES): void {
    let length = this.#at - from;
    for (let at = from - lengthBytes; at < from - 1; at += 1) {
      this.#bytes[at] = (length & 127) | 128;
      length >>= 7;
    }
    this.#bytes[from - 1] = length;
  }

  #text(field: number, text: string): void {
    const from = this.#begin(field, SHORT_BYTES);
    this.#at += this.#bytes.write(text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text, this.#at);
    this.#end(from, SHORT_BYTES);
  }

  #id(field: number, hex: string): void {
    this.#tag(field, 2);
    this.#bytes[this.#at++] = hex.length >> 1;
    this.#at += this.#bytes.write(hex, this.#at, 'hex');
  }

  #varint(field: number, value: number): void {
    this.#tag(field, 0);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  #double(field: number, value: number): void {
    this.#tag(field, 1);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  #fixed32(field: number, value: number): void {
    this.#tag(field, 5);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  /** Nanoseconds, from milliseconds: a number has not enough digits for them, but for microseconds. */
  #time(field: number, ms: number): void {
    this.#tag(field, 1);
    const micros = Math.round(ms * 1_000);
    const low = (micros % 2 ** 32) * 1_000;
    const high = Math.floor(micros / 2 ** 32) * 1_000 + Math.floor(low / 2 ** 32);
    this.#at = this.#bytes.writeUInt32LE(low % 2 ** 32, this.#at);
    this.#at = this.#bytes.writeUInt32LE(high, this.#at);
  }

  #makeRoom(): void {
    if (this.#bytes.length - this.#at >= SPAN_ROOM) return;
    const larger = Buffer.allocUnsafeSlow(this.#bytes.length * 2);
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
