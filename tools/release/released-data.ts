import type { NewOrder } from '../../src/order/order.ts';

/** What a data folder that a release left behind contains. */
export interface ReleasedData {
  version: string;
  /** orders with a final answer, as that release read them */
  orders: { id: string; status: string; version: number; total: number; statuses: string[] }[];
  /** an order placed with a key */
  keyed: { key: string; order: NewOrder; id: string };
  /** the processor is away; a cancellation waits behind the second one */
  retrying: { id: string; cancelled: string };
  /** the processor fails; `discarded` is a dead letter that was discarded */
  failed: { id: string; discarded: string };
  /** acknowledged, in the event log only */
  unprocessed: string;
  /** the resume token of a stream, and the changes after it as `order id/version` */
  resume: { token: string; changes: string[] };
}
