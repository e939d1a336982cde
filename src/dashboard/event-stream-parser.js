/**
 * Parses server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from chunks that may end
 * anywhere. Unlike `eventsource-parser` for Node 20 it takes the id of a block without data, which the service sends as a resume
 * token at the start of a stream and with each heartbeat.
 */
export class EventStreamParser {
  /** the id of the last complete block that had one, or the one given at the start */
  lastEventId;
  /** the delay before reconnecting, milliseconds; undefined until the stream names one @type {number | undefined} */
  retryMs;
  #onEvent;
  #decoder = new TextDecoder();
  /** an incomplete line */
  #line = '';
  /** The last chunk ended with a carriage return: a line feed that follows belongs to it. */
  #isAfterReturn = false;
  #type = '';
  /** @type {string[]} */
  #data = [];
  #id;

  /**
   * @param {(type: string, data: string) => void} onEvent
   * @param {string} lastEventId of the stream that this one resumes
   */
  constructor(onEvent, lastEventId = '') {
    this.#onEvent = onEvent;
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
  }

  /** @param {Uint8Array} chunk @throws what `onEvent` throws */
  push(chunk) {
    let text = this.#decoder.decode(chunk, { stream: true });
    if (text === '') return;
    if (this.#isAfterReturn && text.startsWith('\n')) text = text.slice(1);
    this.#isAfterReturn = text === '' ? false : text.endsWith('\r');
    const lines = (this.#line + text).split(/\r\n|\n|\r/);
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
  }

  /** @param {string} line without its end */
  #take(line) {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#type = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }

  #dispatch() {
    const [type, data] = [this.#type || 'message', this.#data];
    this.#type = '';
    this.#data = [];
    this.lastEventId = this.#id;
    if (data.length > 0) this.#onEvent(type, data.join('\n'));
  }
}
