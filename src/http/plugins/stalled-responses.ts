import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Metrics } from '../../base/metrics.ts';

interface Progress {
  /** bytes of the connection that the operating system has taken */
  sent: number;
  /** `performance.now()` when `sent` last rose */
  at: number;
}

/**
 * Closes connections whose reader takes nothing of a response for too long. Node has no such limit: `socket.setTimeout` starts
 * again with every byte that the client sends.
 */
export class StalledResponses {
  readonly #timeoutMs: number;
  readonly #metrics: Pick<Metrics, 'responsesCutOff'>;
  readonly #watched = new Map<Socket, Progress & { responses: number }>();
  #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs checked four times in this time */
  constructor(timeoutMs: number, metrics: Pick<Metrics, 'responsesCutOff'>) {
    this.#timeoutMs = timeoutMs;
    this.#metrics = metrics;
  }

  /** Watches a connection until the response is complete. Pipelined responses are watched together. */
  watch(socket: Socket, response: ServerResponse): void {
    const watched = this.#watched.get(socket) ?? { ...progressOf(socket), responses: 0 };
    watched.responses += 1;
    this.#watched.set(socket, watched);
    response.once('close', () => {
      watched.responses -= 1;
      if (watched.responses === 0) this.#watched.delete(socket);
      if (this.#watched.size === 0) this.#stop();
    });
    this.#timer ??= setInterval(() => this.#check(), this.#timeoutMs / 4).unref();
  }

  #check(): void {
    for (const [socket, last] of this.#watched) {
      const now = progressOf(socket);
      if (now.sent > last.sent) Object.assign(last, now);
      else if (now.at - last.at >= this.#timeoutMs) this.#cutOff(socket);
    }
  }

  /** A reset also frees the memory of the operating system. */
  #cutOff(socket: Socket): void {
    this.#metrics.responsesCutOff.inc();
    this.#watched.delete(socket);
    socket.resetAndDestroy();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function progressOf({ bytesWritten, writableLength }: Socket): Progress {
  return { sent: bytesWritten - writableLength, at: performance.now() };
}
