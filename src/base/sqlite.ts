import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';

/**
 * The SQLite driver for this version of Node. better-sqlite3 13 needs Node 22. Version 12 is the last one for Node 20,
 * where the install puts it into a folder of its own (tools/install/native-modules.mjs); compiled for Node 24.19 or
 * newer it aborts the process when a statement is garbage collected (https://github.com/nodejs/node/issues/65446).
 */
function loadDriver(): typeof BetterSqlite3 {
  const [node = 0] = process.versions.node.split('.').map(Number);
  if (node >= 22) return createRequire(import.meta.url)('better-sqlite3-13') as typeof BetterSqlite3;
  // This file runs as dist/src/base/sqlite.js.
  const folder = new URL('../../../tools/install/node-20/', import.meta.url);
  return createRequire(folder)('better-sqlite3') as typeof BetterSqlite3;
}

export const Database = loadDriver();
