import { workerData } from 'node:worker_threads';
import { openAlignmentStore, openDeadLetterStore, openReplicaStore } from '../store/open/open-store.ts';
import {
  openOnce,
  toThreadError,
  type DeadLetterMethod,
  type DeadLetterMethods,
  type DeadLetterRequest,
  type DeadLetterResponse,
  type StoreSettings,
} from './protocol.ts';

const { store: target, writeLock } = workerData as StoreSettings;
const deadLetters = openOnce(() => openDeadLetterStore(target, writeLock));
const replicas = openOnce(() => openReplicaStore(target, writeLock));
const alignment = openOnce(() => openAlignmentStore(target, writeLock));

export default async function handle<M extends DeadLetterMethod>({
  method,
  args,
}: DeadLetterRequest<M>): Promise<DeadLetterResponse<M>> {
  try {
    return { done: true, result: await (await methodsWith(method))[method](...args) };
  } catch (error) {
    return toThreadError(error);
  }
}

/** Opens only what the method needs: a worker has replicas, but reads no dead letters. */
async function methodsWith<M extends DeadLetterMethod>(method: M): Promise<Pick<DeadLetterMethods, M>> {
  const store = await open(method)();
  return store as unknown as Pick<DeadLetterMethods, M>;
}

function open(method: DeadLetterMethod) {
  switch (method) {
    case 'noteReplica':
    case 'removeReplica':
      return replicas;
    case 'forgetLastRecords':
      return alignment;
    default:
      return deadLetters;
  }
}
