import type { OrderStatus } from '../../src/order/lifecycle.ts';

/** A change that a watcher was told. */
export interface ToldChange {
  orderId: string;
  version: number;
  status: OrderStatus;
  /** drill time */
  at: number;
}

/** A watcher presented a resume token. */
export interface Resume {
  /** when it got the token, drill time */
  tokenAt: number;
  /** when the stream was open, after 410 that of the new one, drill time */
  at: number;
  /** 200: the stream continues after the token · 410: it began again at the present · anything else is wrong */
  status: number;
}

/** What one watcher of all orders saw, in the order in which it came. */
export interface WatchLog {
  name: string;
  told: ToldChange[];
  resumes: Resume[];
  /** refused tokens that were presented again at the end */
  probes: Resume[];
}
