import { randomFillSync } from 'node:crypto';

const BYTES = 4_096;

/** Random ids of traces and spans in hexadecimal digits. The random bytes are fetched in large blocks, which is much cheaper. */
export class TraceIds {
  readonly #bytes = Buffer.alloc(BYTES);
  #at = BYTES;

  traceId(): string {
    return this.#hex(16);
  }

  spanId(): string {
    return this.#hex(8);
  }

  /** All zeros mean no id; that they come up is less likely than any other failure. */
  #hex(bytes: number): string {
    if (this.#at + bytes > BYTES) {
      randomFillSync(this.#bytes);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += bytes;
    return this.#bytes.toString('hex', from, this.#at);
  }
}
