import { DatabaseError, type Client } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import type { PostgresTarget } from '../target.ts';
import { isThroughPgBouncer } from './client-options.ts';

interface Facts {
  database: string;
  user: string;
  encoding: string;
  is_standby: boolean;
  is_read_only: boolean;
  schema: string | null;
  may_create: boolean | null;
  is_migrated: boolean;
  statement_timeout: string;
}

const FACTS = `
  SELECT current_database() AS database, current_user AS user, current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS is_standby, current_setting('transaction_read_only') = 'on' AS is_read_only,
    current_schema() AS schema, has_schema_privilege(current_schema(), 'CREATE') AS may_create,
    to_regclass('migrations') IS NOT NULL AS is_migrated,
    (SELECT setting FROM pg_settings WHERE name = 'statement_timeout') AS statement_timeout`;

const ADD_PARAMETER = 'add the parameter pgbouncer=true to DATABASE_URL';

/** @throws ServiceError `settings-invalid` if a pooler refuses the parameters of a connection */
export async function connectChecked(client: Client): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.message.startsWith('unsupported startup parameter'))
      throw error;
    throw fault(
      `DATABASE_URL leads to a connection pooler that refuses a parameter (${error.message}): ${ADD_PARAMETER}, and remove other parameters of the connection from it.`,
      error,
    );
  }
}

/**
 * Refuses a database with which the service would fail later, or for some orders only.
 * @throws ServiceError `settings-invalid`; `store-unavailable` for a read-only database, because a failover may be under way
 */
export async function checkDatabase(client: Client, target: PostgresTarget): Promise<void> {
  const { rows } = await client.query<Facts>(FACTS);
  const [facts] = rows;
  if (facts === undefined)
    throw new ServiceError('store-unavailable', 'PostgreSQL does not describe its database.');
  const problem = problemOf(facts, target);
  if (problem !== undefined) throw fault(problem);
  if (facts.is_standby || facts.is_read_only) {
    const why = facts.is_standby ? 'its server is a standby' : 'default_transaction_read_only is on';
    throw new ServiceError(
      'store-unavailable',
      `The database "${facts.database}" is read-only, because ${why}: let DATABASE_URL lead to the primary, with a user who may write.`,
    );
  }
}

function problemOf(facts: Facts, target: PostgresTarget): string | undefined {
  const { database, encoding, schema, user } = facts;
  if (encoding !== 'UTF8') {
    return `The database "${database}" has the encoding ${encoding}, which cannot hold the text of every order: create another one with \`CREATE DATABASE orders TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'\` and set DATABASE_URL to it.`;
  }
  if (schema === null) {
    return `The search_path of the user "${user}" names no schema of the database "${database}" that exists and that this user may use: create the schema, or run \`GRANT USAGE, CREATE ON SCHEMA public TO "${user}"\` as its owner.`;
  }
  if (facts.may_create === false && !facts.is_migrated) {
    return `The user "${user}" may not create tables in the schema "${schema}" of the database "${database}": run \`GRANT CREATE ON SCHEMA "${schema}" TO "${user}"\` as its owner, or run \`migrate\` as a user who may.`;
  }
  if (isThroughPgBouncer(target) || setsTimeLimits(target.url)) return undefined;
  if (facts.statement_timeout !== String(target.statementTimeoutMs)) {
    return `DATABASE_URL leads to a connection pooler that ignores the time limits of a connection: ${ADD_PARAMETER}.`;
  }
  return undefined;
}

/** True if the URL replaces the time limits of this service. */
function setsTimeLimits(url: string): boolean {
  return (
    URL.canParse(url) && ['statement_timeout', 'options'].some((name) => new URL(url).searchParams.has(name))
  );
}

function fault(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('settings-invalid', detail, { cause });
}
