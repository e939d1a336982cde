import { ServiceError, toError } from '../../base/errors.ts';
import { endOfText, type ValueScanner } from './scan-value.ts';

/** Reads the outer parts of a JSON text and leaves its values unparsed. Methods throw ServiceError `malformed-json`. */
export class JsonCursor {
  readonly #bytes: Buffer;
  readonly #scan: ValueScanner;
  #at = 0;

  constructor(bytes: Buffer, scan: ValueScanner) {
    this.#bytes = bytes;
    this.#scan = scan;
  }

  /** Moves behind this ASCII character, and white space before it, if it comes next. */
  take(character: string): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== character.charCodeAt(0)) return false;
    this.#at += 1;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw this.#unexpected();
  }

  expectEnd(): void {
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#unexpected();
  }

  /** The name of a field. */
  name(): string {
    this.expect('"');
    const end = endOfText(this.#bytes, this.#at, this.#bytes.length);
    const text = this.#bytes.toString('utf8', this.#at - 1, end + 1);
    this.#at = Math.min(end + 1, this.#bytes.length);
    try {
      return JSON.parse(text) as string;
    } catch (error) {
      throw new ServiceError('malformed-json', `${toError(error).message}.`, { cause: error });
    }
  }

  /** The value that comes next, not validated. */
  value(): { bytes: Buffer; refusal: string | undefined } {
    const from = this.#at;
    const { end, refusal } = this.#scan(this.#bytes, from);
    this.#at = end;
    return { bytes: this.#bytes.subarray(from, end), refusal };
  }

  #skipSpace(): void {
    while (isSpace(this.#bytes[this.#at])) this.#at += 1;
  }

  #unexpected(): ServiceError {
    const isEnd = this.#at >= this.#bytes.length;
    const detail = isEnd ? 'The body ends too early.' : `Byte ${this.#at} of the body is not expected there.`;
    return new ServiceError('malformed-json', detail);
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
