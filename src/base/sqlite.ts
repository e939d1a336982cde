import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';

/**
 * The driver for this Node. better-sqlite3 12 is the last for Node 20; compiled for Node 24.19 or newer it aborts the
 * process when a statement is garbage (https://github.com/nodejs/node/issues/65446). 13 is built on Node-API, which
 * has no such class, and wants Node 22. npm leaves it out, as an optional dependency, where Node is too old for it.
 */
const FIRST_NODE_OF_13 = 22;

const [node = 0] = process.versions.node.split('.').map(Number);
const load = createRequire(import.meta.url) as (name: string) => typeof BetterSqlite3;

export const Database = load(node >= FIRST_NODE_OF_13 ? 'better-sqlite3-13' : 'better-sqlite3');
