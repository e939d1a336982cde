import type { StatusChange } from '../order/commands.ts';

/** A change as a watcher is told it; one object for all watchers of its event, so that it is encoded once. */
export interface ChangeItem {
  kind: 'change';
  change: StatusChange;
  /** resumes after it */
  token: string;
}
