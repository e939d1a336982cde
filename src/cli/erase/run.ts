import cliProgress from 'cli-progress';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { keepTemporaryFilesBeside } from '../../app/data-files.ts';
import { eraseCustomer, type EraseOptions, type LogAccess } from '../../app/erase/erase-customer.ts';
import { ServiceError } from '../../base/errors.ts';
import { createLogger } from '../../base/logger.ts';
import { loadConfig, type Config } from '../../config/config.ts';
import type { ErasureStore } from '../../store/erasure-store.ts';
import { migrate } from '../../store/open/migrate.ts';
import { openErasureStore } from '../../store/open/open-store.ts';
import { createWriteLock } from '../../store/sqlite/write-lock.ts';
import type { Streams } from '../dead-letters/terminal.ts';
import type { EraseCommand } from './command-line.ts';
import { openLogAccess } from './log-access.ts';
import { erasedText, foundText, leftText, openText } from './text.ts';

/**
 * Runs the command with the settings of the service. Returns false if it was refused, after printing why.
 * @throws ServiceError `settings-invalid`, or as `eraseCustomer`
 */
export async function runErase(command: EraseCommand, streams: Streams): Promise<boolean> {
  const config = loadConfig(process.env, { listens: false });
  for (const warning of config.warnings) streams.stderr.write(`warning: ${warning}\n`);
  await refuseMissingStore(config);
  await migrate(config.database, createLogger('warn'));
  const log = await openLogAccess(config);
  try {
    const store = await openErasureStore(config.database, createWriteLock());
    try {
      return await erase(command, { config, store, log, streams });
    } finally {
      await store.close();
    }
  } finally {
    await log.close();
  }
}

interface Parts {
  config: Config;
  store: ErasureStore;
  log: LogAccess;
  streams: Streams;
}

async function erase(command: EraseCommand, { config, store, log, streams }: Parts): Promise<boolean> {
  const { customer: customerId, rewrite } = command;
  const data = await store.dataOf(customerId);
  streams.stdout.write(foundText(data));
  const open = openText(data, await log.unprocessed());
  if (command.dryRun === true) {
    streams.stdout.write('This was a dry run: nothing was changed.\n');
    return true;
  }
  if (open !== undefined && command.includeOpen !== true) {
    streams.stderr.write(`${open}\n`);
    return false;
  }
  if (command.yes !== true && !(await isConfirmed(customerId, rewrite ? await store.size() : 0, streams)))
    return false;
  const bar = progressBar(streams.stderr);
  try {
    const { onProgress } = bar;
    const by = command.by ?? userName();
    const erased = await eraseCustomer({ store, log, customerId, by, data, rewrite, onProgress });
    bar.stop();
    streams.stdout.write(erasedText(erased));
    streams.stdout.write(leftText(config, rewrite));
    return true;
  } finally {
    bar.stop();
  }
}

/** Opening a missing file would create an empty store, in which nothing is found. */
async function refuseMissingStore({ database }: Config): Promise<void> {
  if (database.kind !== 'sqlite') return;
  keepTemporaryFilesBeside(database.path);
  const found = await stat(database.path).catch(() => undefined);
  if (found?.isFile() === true) return;
  const detail = `There is no store ${database.path}. Use the DATA_DIR and DATABASE_URL of the service. Nothing was changed.`;
  throw new ServiceError('settings-invalid', detail);
}

/** Asks for the customer's id, because an erasure cannot be undone. @param bytes that will be rewritten */
async function isConfirmed(customerId: string, bytes: number, { stdin, stderr }: Streams): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    stderr.write('This cannot be undone, and this is not a terminal: give --yes to confirm.\n');
    return false;
  }
  if (bytes > 0) {
    const megabytes = Math.ceil(bytes / 1_000_000);
    stderr.write(
      `${megabytes} MB of the store will be rewritten; other writers wait meanwhile (see --help).\n`,
    );
  }
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await asking.question("This cannot be undone. Type the customer's id to erase it: ");
    if (answer.trim() === customerId) return true;
    stderr.write('That is another id. Nothing was changed.\n');
    return false;
  } finally {
    asking.close();
  }
}

/** Silent if the stream is not a terminal. */
function progressBar(stream: NodeJS.WritableStream): Pick<EraseOptions, 'onProgress'> & { stop(): void } {
  const bar = new cliProgress.SingleBar({ format: '{step} [{bar}] {percentage}% | {value}/{total}', stream });
  bar.start(0, 0, { step: 'event log' });
  return {
    onProgress(step, done, total) {
      bar.setTotal(total);
      bar.update(done, { step });
    },
    stop: () => bar.stop(),
  };
}

/** A container may run under a user without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
