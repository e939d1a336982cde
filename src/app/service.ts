import { systemClock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { EmbeddedEventLog } from '../log/embedded/embedded-event-log.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { DeadLetterPool } from '../threads/dead-letter-pool.ts';
import { verifyAlignment } from './alignment.ts';
import { startApi } from './api.ts';
import { openAuthenticator } from './authentication.ts';
import { backUp } from './backup/back-up.ts';
import { ControlSocket } from './backup/control-socket.ts';
import { controlSocketPath } from './backup/protocol.ts';
import { eraseFromLog } from './erase/erase-log.ts';
import { openServers } from './servers.ts';
import { Heartbeat } from './heartbeat.ts';
import { Lifecycle } from './lifecycle.ts';
import { startContext, type Context } from './context.ts';
import type { Addresses } from './processes/addresses.ts';
import type { Siblings } from './processes/siblings.ts';
import { UncheckedPartitions } from './unchecked-partitions.ts';
import { startWorker } from './worker.ts';

export interface RunningService {
  addresses: Partial<Addresses>;
  /** Resolves if the service cannot recover by itself and must be restarted. */
  failed: Promise<Error>;
  /**
   * Stops accepting (readyz fails first), finishes what is in flight, commits, leaves the group and closes.
   * @throws AggregateError when a part did not close
   */
  stop(): Promise<void>;
}

/**
 * Opens the parts of the role in the order of their dependencies; they are closed in reverse.
 * @param siblings undefined unless this process is one of API_PROCESSES
 */
export async function startService(
  config: Config,
  logger: Logger,
  version: string,
  siblings?: Siblings,
): Promise<RunningService> {
  const lifecycle = new Lifecycle(logger);
  try {
    return await open(await startContext(config, logger, lifecycle, version, siblings), version);
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

async function open(context: Context, version: string): Promise<RunningService> {
  const { config, lifecycle } = context;
  const pipeline = config.role === 'api' ? undefined : await startWorker(context);
  const storeThread = openStoreThread(context);
  const api =
    config.role === 'worker' ? undefined : await startApi(context, { version, pipeline, storeThread });
  const authenticator = await openAuthenticator(context);
  const unchecked = await lifecycle.start('unchecked partitions', uncheckedPartitions(context));

  let isDraining = false;
  const addresses = await openServers(context, {
    pipeline,
    api,
    authenticator,
    isDraining: () => isDraining,
    version,
  });
  await openControlSocket(context, storeThread);
  await lifecycle.start('heartbeat', heartbeat(context, { version, pipeline, storeThread }));
  return {
    addresses,
    failed: pipeline?.failed ?? unchecked.failed,
    async stop() {
      isDraining = true;
      await lifecycle.close();
    },
  };
}

/** The thread for calls that wait for the store, except batches. It starts with its first call. */
function openStoreThread({ config, writeLock, lifecycle }: Context): DeadLetterPool {
  const storeThread = new DeadLetterPool({ store: config.database, writeLock });
  lifecycle.opened('store thread', () => storeThread.close());
  return storeThread;
}

function heartbeat(
  { config, replica, logger }: Context,
  {
    version,
    pipeline,
    storeThread,
  }: { version: string; pipeline: Pipeline | undefined; storeThread: DeadLetterPool },
): Heartbeat {
  return new Heartbeat({
    store: storeThread,
    replica: { id: replica, role: config.role, version },
    partitions: () => pipeline?.partitions() ?? [],
    logger,
    clock: systemClock,
  });
}

function uncheckedPartitions({ log, unchecked, reader, logger }: Context): UncheckedPartitions {
  return new UncheckedPartitions({
    partitions: unchecked,
    verify: (partitions, onUnavailable) =>
      verifyAlignment(log, (topic) => reader.storedLog(topic), partitions, onUnavailable),
    logger,
  });
}

/** For `order-system backup` and `erase`, which need the process that holds the lock of the embedded log. */
async function openControlSocket(context: Context, alignment: DeadLetterPool): Promise<void> {
  const { config, lifecycle, log, logger } = context;
  const { database, dataDir } = config;
  if (!(log instanceof EmbeddedEventLog)) return;
  const socket = new ControlSocket({
    path: controlSocketPath(dataDir),
    backUp: async (folder, onProgress, signal) => {
      if (database.kind !== 'sqlite')
        throw new ServiceError('backup-failed', 'The store is not a file. Use pg_dump.');
      await backUp({ log, storePath: database.path, folder, onProgress, signal });
    },
    eraseLog: (erasure, onProgress, signal) =>
      eraseFromLog({
        ...erasure,
        ...{ log, alignment, signal, isProcessing: true },
        onProgress: (done, total) => onProgress('log.db', done, total),
      }),
    logger,
  });
  await lifecycle.start('control socket', socket);
}
