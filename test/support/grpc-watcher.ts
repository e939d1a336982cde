import { Metadata, status, type ClientReadableStream, type StatusObject } from '@grpc/grpc-js';
import type { OrderEvent__Output } from '../../src/grpc/generated/orders/v1/OrderEvent.ts';
import { eventually } from '../../tools/support/eventually.ts';

/** A reader of order events that keeps them all. */
export class GrpcWatcher {
  readonly #call: ClientReadableStream<OrderEvent__Output>;
  readonly events: OrderEvent__Output[] = [];
  /** how the stream ended; undefined while it is open */
  status: StatusObject | undefined;

  constructor(call: ClientReadableStream<OrderEvent__Output>) {
    this.#call = call;
    call.on('data', (event: OrderEvent__Output) => this.events.push(event));
    call.on('status', (ended: StatusObject) => (this.status = ended));
    // The `status` event reports the same error.
    call.on('error', () => undefined);
  }

  /** `confirmed 1` for a change and `= accepted 0` for a snapshot; heartbeats are left out. */
  get story(): string[] {
    return this.events.flatMap(({ snapshot, change }) => {
      if (snapshot) return [`= ${shortName(snapshot.status)} ${snapshot.version}`];
      return change ? [`${shortName(change.status)} ${change.version}`] : [];
    });
  }

  get heartbeats(): number {
    return this.events.filter(({ heartbeat }) => heartbeat).length;
  }

  /** The token of the last event; empty before the first. */
  get resumeToken(): Buffer {
    return this.events.at(-1)?.resumeToken ?? Buffer.alloc(0);
  }

  /** Waits for this many snapshots and changes. */
  async received(count: number): Promise<string[]> {
    await eventually(() => this.story.length >= count, { what: `${count} events (${this.story.join()})` });
    return this.story;
  }

  /** Waits until the server has subscribed: a stream of many orders begins with a heartbeat. */
  async begun(): Promise<void> {
    await eventually(() => this.events.length > 0, { what: 'the first event' });
  }

  async ended(): Promise<StatusObject> {
    await eventually(() => this.status !== undefined, { what: 'the end of the stream' });
    return this.status ?? { code: status.UNKNOWN, details: '', metadata: new Metadata() };
  }

  cancel(): void {
    this.#call.cancel();
  }
}

function shortName(name: string): string {
  return name.replace('ORDER_STATUS_', '').toLowerCase();
}
