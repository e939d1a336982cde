import { stat } from 'node:fs/promises';
import { ServiceError } from '../../base/errors.ts';
import { createLogger } from '../../base/logger.ts';
import { formatApiKey, hashOfSecret, newApiKey } from '../../auth/api-key.ts';
import { loadConfig, type Config } from '../../config/config.ts';
import type { ApiKeyStore, StoredApiKey } from '../../store/api-key-store.ts';
import { migrate } from '../../store/open/migrate.ts';
import { openApiKeyStore } from '../../store/open/open-store.ts';
import type { CreateCommand, KeyCommand, ListCommand } from './command-line.ts';
import { createdText, keysTable, revokedText, withoutHash } from './text.ts';

export interface Streams {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
}

interface Parts {
  store: ApiKeyStore;
  streams: Streams;
}

/**
 * Runs a command on the store of the settings. Returns false if there is no such key, after printing so.
 * @throws ServiceError `settings-invalid`, `store-unavailable`
 */
export async function runKeys(command: KeyCommand, streams: Streams): Promise<boolean> {
  const config = loadConfig(process.env, { listens: false });
  for (const warning of config.warnings) streams.stderr.write(`warning: ${warning}\n`);
  if (command.command !== 'create') await refuseMissingStore(config);
  await migrate(config.database, createLogger('warn'));
  const store = await openApiKeyStore(config.database);
  try {
    const parts = { store, streams };
    if (command.command === 'create') return await create(command, parts, config);
    return command.command === 'list' ? await list(command, parts) : await revoke(command.id, parts);
  } finally {
    await store.close();
  }
}

async function create(command: CreateCommand, { store, streams }: Parts, { auth }: Config): Promise<boolean> {
  const parts = newApiKey();
  const now = Date.now();
  const key: StoredApiKey = {
    id: parts.id,
    hash: hashOfSecret(parts.secret),
    name: command.name,
    owner: command.owner ?? command.name,
    customerId: command.customer ?? null,
    merchantId: command.merchant ?? null,
    scopes: command.scope,
    createdAt: now,
    expiresAt: command.expires === undefined ? null : now + command.expires,
    revokedAt: null,
  };
  await store.create(key);
  streams.stderr.write(createdText(key, auth?.apiKeys === true));
  streams.stdout.write(`${formatApiKey(parts)}\n`);
  return true;
}

async function list({ json }: ListCommand, { store, streams }: Parts): Promise<boolean> {
  const keys = await store.list();
  if (json === true) streams.stdout.write(`${JSON.stringify(keys.map(withoutHash), null, 2)}\n`);
  else if (keys.length === 0)
    streams.stdout.write('There are no API keys: order-system keys create makes one.\n');
  else streams.stdout.write(keysTable(keys, Date.now()));
  return true;
}

async function revoke(id: string, { store, streams }: Parts): Promise<boolean> {
  const key = await store.revoke(id, Date.now());
  if (key === undefined) {
    streams.stderr.write(`There is no API key ${id}: order-system keys list shows all.\n`);
    return false;
  }
  streams.stdout.write(revokedText(key));
  return true;
}

/** Refuses a missing store: opening it would create an empty one, which has no keys. */
async function refuseMissingStore({ database }: Config): Promise<void> {
  if (database.kind !== 'sqlite') return;
  const found = await stat(database.path).catch(() => undefined);
  if (found?.isFile() === true) return;
  throw new ServiceError(
    'settings-invalid',
    `There is no store ${database.path}. Use the DATA_DIR and DATABASE_URL of the service.`,
  );
}
