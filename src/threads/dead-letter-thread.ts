import { workerData } from 'node:worker_threads';
import { openDeadLetterStore } from '../store/open/open-store.ts';
import {
  openOnce,
  toThreadError,
  type DeadLetterMethod,
  type DeadLetterMethods,
  type DeadLetterRequest,
  type DeadLetterResponse,
  type StoreSettings,
} from './protocol.ts';

const opened = openOnce(() => {
  const { store, writeLock } = workerData as StoreSettings;
  return openDeadLetterStore(store, writeLock);
});

export default async function handle<M extends DeadLetterMethod>({
  method,
  args,
}: DeadLetterRequest<M>): Promise<DeadLetterResponse<M>> {
  try {
    const store: DeadLetterMethods = await opened();
    return { done: true, result: await store[method](...args) };
  } catch (error) {
    return toThreadError(error);
  }
}
