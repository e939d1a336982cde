import { resolve } from 'node:path';
import type { Settings } from './settings.ts';

/** Where orders are stored. */
export type DatabaseTarget = SqliteDatabase | PostgresDatabase;

interface SqliteDatabase {
  kind: 'sqlite';
  /** as given: absolute, or relative to the working directory */
  path: string;
}

interface PostgresDatabase {
  kind: 'postgres';
  /** contains a secret, never log it */
  url: string;
  poolSize: number;
  connectTimeoutMs: number;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  /** whether changes get gap-free numbers: needed with the embedded event log, where the history is the status topic */
  numbersChanges: boolean;
}

type DatabaseUrl = SqliteDatabase | Pick<PostgresDatabase, 'kind' | 'url'>;

type Problem = { problem: string };

const POSTGRES_EXAMPLE = 'postgres://user:password@host:5432/database';

/**
 * Accepts `sqlite:<path>` and `sqlite://<path>` without percent decoding, and `postgres://…` and `postgresql://…` as pg
 * reads them.
 */
export function parseDatabaseUrl(url: string): DatabaseUrl | Problem {
  if (/^postgres(ql)?:/i.test(url)) return parsePostgresUrl(url);
  const path = /^sqlite:(?:\/\/)?(.*)$/is.exec(url)?.[1];
  if (path === undefined) {
    return { problem: `has an unknown scheme: give sqlite:<path> or ${POSTGRES_EXAMPLE}` };
  }
  if (path === '' || path.startsWith(':')) {
    return { problem: 'names no file, and an in-memory store would lose orders: give sqlite:<path>' };
  }
  return { kind: 'sqlite', path };
}

/**
 * The database that the settings name, with its limits.
 * @param password called for a PostgreSQL URL without a password. Its result becomes part of the URL, because worker threads do not see
 *   PGPASSWORD; empty: none
 */
export function databaseTarget(settings: Settings, password: () => string): DatabaseTarget | Problem {
  const parsed = parseDatabaseUrl(settings.DATABASE_URL);
  if ('problem' in parsed) return parsed;
  if (parsed.kind === 'sqlite') return { ...parsed, path: resolve(parsed.path) };
  return {
    ...parsed,
    url: hasPassword(parsed.url) ? parsed.url : withPassword(parsed.url, password()),
    poolSize: settings.DATABASE_POOL_SIZE,
    connectTimeoutMs: settings.DATABASE_CONNECT_TIMEOUT_MS,
    statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
    lockTimeoutMs: settings.DATABASE_LOCK_TIMEOUT_MS,
    numbersChanges: settings.EVENT_LOG === 'embedded',
  };
}

/** As a parameter, because a URL without a host cannot have a password before it. */
function withPassword(url: string, password: string): string {
  if (password === '') return url;
  const separator = url.includes('?') ? '&' : '?';
  return `${url}${separator}password=${encodeURIComponent(password)}`;
}

/** Whether a PostgreSQL URL contains a password. */
export function hasPassword(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { password, searchParams } = new URL(url);
  return password !== '' || (searchParams.get('password') ?? '') !== '';
}

function parsePostgresUrl(url: string): DatabaseUrl | Problem {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:\/\//i.test(url)) {
    return {
      problem: `cannot be read: give ${POSTGRES_EXAMPLE}, and write characters such as / @ # ? in user or password as %2F %40 %23 %3F`,
    };
  }
  if (!/^\/[^/]+$/.test(parsed.pathname)) return { problem: `names no database: give ${POSTGRES_EXAMPLE}` };
  if (!canDecode(parsed.username) || !canDecode(parsed.password)) {
    return { problem: 'contains a % in user or password that begins no %XX: write it as %25' };
  }
  if (parsed.hash !== '') {
    return { problem: 'contains a #: write it as %23 in a user or password' };
  }
  return { kind: 'postgres', url };
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
