import type { Server } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatus as Status } from 'grpc-health-check';

/** How often readiness is polled, as a probe of /readyz would: no event reports its changes. */
const CHECK_MS = 2_000;

/** `grpc.health.v1.Health`: serving while the process is ready, for the whole server ('') and for each service. */
export class ServingStatus {
  readonly #isReady: () => Promise<boolean>;
  readonly #services: readonly string[];
  readonly #health: HealthImplementation;
  readonly #checkMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #last: Status = 'NOT_SERVING';

  constructor(services: readonly string[], isReady: () => Promise<boolean>, checkMs = CHECK_MS) {
    this.#services = ['', ...services];
    this.#isReady = isReady;
    this.#checkMs = checkMs;
    this.#health = new HealthImplementation(
      Object.fromEntries(this.#services.map((service) => [service, this.#last])),
    );
  }

  addTo(server: Server): void {
    this.#health.addToServer(server);
  }

  /** Resolves when the status is known for the first time. */
  async start(): Promise<void> {
    const isReady = await this.#isReady().catch(() => false);
    if (this.#isStopped) return;
    this.#set(isReady ? 'SERVING' : 'NOT_SERVING');
    this.#timer = setTimeout(() => {
      this.start().catch(() => undefined);
    }, this.#checkMs);
  }

  /** Reports NOT_SERVING, so that clients use other instances. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#set('NOT_SERVING');
  }

  #set(status: Status): void {
    if (status === this.#last) return;
    this.#last = status;
    for (const service of this.#services) this.#health.setStatus(service, status);
  }
}
