import type { ApiKeyStore, StoredApiKey } from '../api-key-store.ts';
import type { SqlClient } from './statement.ts';

/** Ids per query. Each query has as many placeholders, so that one prepared statement serves all. */
const IDS_PER_QUERY = 100;

const COLUMNS = `id, hash, name, owner, customer_id AS "customerId", merchant_id AS "merchantId", scopes,
  created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt"`;

const FIND = `SELECT ${COLUMNS} FROM api_keys WHERE id = ?`;
const LIST = `SELECT ${COLUMNS} FROM api_keys ORDER BY created_at, id`;
const ACTIVE = `
  SELECT id FROM api_keys
  WHERE id IN (${Array<string>(IDS_PER_QUERY).fill('?').join(', ')}) AND revoked_at IS NULL`;
// SQLite's driver expects every query to return rows.
const INSERT = `
  INSERT INTO api_keys
    (id, hash, name, owner, customer_id, merchant_id, scopes, created_at, expires_at, revoked_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING 1 AS done`;
const REVOKE = 'UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING 1 AS done';

type Row = Omit<StoredApiKey, 'scopes'> & { scopes: string };

/** Reads and, with a client that may write, changes the table `api_keys`. */
export class SqlApiKeyStore implements ApiKeyStore {
  readonly #client: SqlClient;

  constructor(client: SqlClient) {
    this.#client = client;
  }

  async find(id: string): Promise<StoredApiKey | undefined> {
    const [row] = await this.#rows<Row>('find-api-key', FIND, id);
    return row && toKey(row);
  }

  async findActive(ids: readonly string[]): Promise<Set<string>> {
    const active = new Set<string>();
    for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
      const some = ids.slice(start, start + IDS_PER_QUERY);
      const padded = Array.from({ length: IDS_PER_QUERY }, (_, index) => some[index] ?? some[0]);
      for (const { id } of await this.#rows<{ id: string }>('active-api-keys', ACTIVE, ...padded)) {
        active.add(id);
      }
    }
    return active;
  }

  async create(key: StoredApiKey): Promise<void> {
    const { id, hash, name, owner, customerId, merchantId, scopes, createdAt, expiresAt, revokedAt } = key;
    const times = [createdAt, expiresAt, revokedAt];
    const values = [id, hash, name, owner, customerId, merchantId, scopes.join(' '), ...times];
    await this.#rows('insert-api-key', INSERT, ...values);
  }

  async list(): Promise<StoredApiKey[]> {
    return (await this.#rows<Row>('list-api-keys', LIST)).map(toKey);
  }

  async revoke(id: string, at: number): Promise<StoredApiKey | undefined> {
    await this.#rows('revoke-api-key', REVOKE, at, id);
    return this.find(id);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #rows<Row extends object>(name: string, text: string, ...values: unknown[]): Promise<Row[]> {
    return this.#client.query<Row>({ name, text, values });
  }
}

function toKey({ scopes, ...row }: Row): StoredApiKey {
  return { ...row, scopes: scopes === '' ? [] : scopes.split(' ') };
}
