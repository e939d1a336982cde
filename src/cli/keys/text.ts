import type { StoredApiKey } from '../../store/api-key-store.ts';
import { columns, oneLine } from '../output/columns.ts';

/** One line per key, below a header. @param now milliseconds since the epoch */
export function keysTable(keys: readonly StoredApiKey[], now: number): string {
  const head = ['ID', 'NAME', 'OWNER', 'ORDERS', 'SCOPES', 'CREATED', 'EXPIRES', 'STATE'];
  const rows = keys.map((key) => [
    key.id,
    oneLine(key.name),
    oneLine(key.owner),
    ordersOf(key),
    key.scopes.join(','),
    timeText(key.createdAt),
    timeText(key.expiresAt),
    stateOf(key, now),
  ]);
  return columns([head, ...rows]);
}

/** For standard error: the key itself goes to standard output. */
export function createdText(key: StoredApiKey, areKeysAccepted: boolean): string {
  const until = key.expiresAt === null ? 'until it is revoked' : `until ${timeText(key.expiresAt)}`;
  const hint = areKeysAccepted
    ? ''
    : 'With these settings the service does not accept API keys: start it with AUTH_API_KEYS=true.\n';
  return (
    `Created API key ${key.id} (${oneLine(key.name)}): ${key.scopes.join(', ')}; orders: ${ordersOf(key)}; valid ${until}.\n` +
    'Keep it safe: it is shown this once, because only a hash of it is stored.\n' +
    `Send it as Authorization: Bearer <key>. End it with: order-system keys revoke ${key.id}\n${hint}`
  );
}

export function revokedText({ id, name, revokedAt }: StoredApiKey): string {
  return `API key ${id} (${oneLine(name)}) was revoked at ${timeText(revokedAt)}; every replica refuses it within 5 s.\n`;
}

/** For JSON, without the hash, which no reader needs. */
export function withoutHash(key: StoredApiKey): Record<string, unknown> {
  const { id, name, owner, customerId, merchantId, scopes } = key;
  const times = { createdAt: key.createdAt, expiresAt: key.expiresAt, revokedAt: key.revokedAt };
  return {
    ...{ id, name, owner, customerId, merchantId, scopes },
    ...Object.fromEntries(
      Object.entries(times).map(([name, at]) => [name, at === null ? null : new Date(at).toISOString()]),
    ),
  };
}

function ordersOf({ customerId, merchantId }: StoredApiKey): string {
  if (customerId !== null) return `customer ${customerId}`;
  return merchantId === null ? 'all' : `merchant ${merchantId}`;
}

function stateOf({ revokedAt, expiresAt }: StoredApiKey, now: number): string {
  if (revokedAt !== null) return `revoked ${timeText(revokedAt)}`;
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active';
}

function timeText(at: number | null): string {
  return at === null ? '-' : new Date(at).toISOString().slice(0, 16).concat('Z');
}
