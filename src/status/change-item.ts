import type { StatusChange } from '../order/commands.ts';

/** A change for watchers. All watchers of an event share one object, so that it is encoded once. */
export interface ChangeItem {
  kind: 'change';
  change: StatusChange;
  /** resumes after this change */
  token: string;
}
