import { ServiceError, toError } from '../../base/errors.ts';

/** One end of the IPC channel between two processes. */
export interface Port {
  send(message: object, callback: (error: Error | null) => void): void;
  onMessage(listener: (message: unknown) => void): void;
}

type Answerer = (payload: unknown) => unknown;

interface Question {
  question: string;
  id: number;
  payload: unknown;
}

interface Answer {
  answerTo: number;
  value?: unknown;
  problem?: string;
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** Questions and answers over IPC, in both directions. Messages of other kinds are left to others. */
export class Channel {
  readonly #port: Port;
  readonly #answerers: Readonly<Record<string, Answerer>>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  /** @param answerers by question; the other end may ask at any time from now on */
  constructor(port: Port, answerers: Readonly<Record<string, Answerer>>) {
    this.#port = port;
    this.#answerers = answerers;
    port.onMessage((message) => {
      if (isObject(message) && 'question' in message) this.#answer(message as Question);
      else if (isObject(message) && 'answerTo' in message) this.#settle(message as Answer);
    });
  }

  /** @throws ServiceError `internal` if the answer does not come in time, or the other end fails or ends */
  ask(question: string, timeoutMs: number, payload?: unknown): Promise<unknown> {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const fail = (problem: string) => this.#settle({ answerTo: id, problem });
      const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send({ question, id, payload }, (error) => fail(error.message));
    });
  }

  /** The other end has ended: fails all questions that are open. */
  close(): void {
    for (const id of [...this.#pending.keys()]) this.#settle({ answerTo: id, problem: 'the process ended' });
  }

  #answer({ question, id, payload }: Question): void {
    // If the answer cannot be sent, the other end has ended.
    const send = (answer: Answer) => this.#send(answer, () => undefined);
    Promise.resolve(payload)
      .then((given) => this.#answerers[question]?.(given))
      .then(
        (value) => send({ answerTo: id, value }),
        (error: unknown) => send({ answerTo: id, problem: toError(error).message }),
      );
  }

  #send(message: object, onError: (error: Error) => void): void {
    this.#port.send(message, (error) => {
      if (error !== null) onError(error);
    });
  }

  #settle({ answerTo, value, problem }: Answer): void {
    const pending = this.#pending.get(answerTo);
    if (pending === undefined) return;
    this.#pending.delete(answerTo);
    clearTimeout(pending.timer);
    if (problem === undefined) pending.resolve(value);
    else pending.reject(new ServiceError('internal', `Another process did not answer: ${problem}.`));
  }
}

function isObject(message: unknown): message is object {
  return typeof message === 'object' && message !== null;
}
