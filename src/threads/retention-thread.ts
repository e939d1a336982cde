import { workerData } from 'node:worker_threads';
import { openRetentionStore } from '../store/open/open-store.ts';
import {
  openOnce,
  toThreadError,
  type RetentionMethod,
  type RetentionMethods,
  type RetentionRequest,
  type RetentionResponse,
  type StoreSettings,
} from './protocol.ts';

const opened = openOnce(() => {
  const { store, writeLock } = workerData as StoreSettings;
  return openRetentionStore(store, writeLock);
});

export default async function handle<M extends RetentionMethod>({
  method,
  args,
}: RetentionRequest<M>): Promise<RetentionResponse<M>> {
  try {
    const store: RetentionMethods = await opened();
    return { done: true, result: await store[method](...args) };
  } catch (error) {
    return toThreadError(error);
  }
}
