import type { StatusChange } from '../order/commands.ts';

/** A change for watchers. All watchers of an event with one view share an object, so that it is encoded once for them. */
export interface ChangeItem {
  kind: 'change';
  change: StatusChange;
  /** resumes after this change */
  token: string;
}
