import { cp, rm } from 'node:fs/promises';
import { fileURLToPath, URL } from 'node:url';

/** Puts the dashboard's files beside the compiled module that serves them; tsc leaves them where they are. */
const from = fileURLToPath(new URL('../../src/dashboard/', import.meta.url));
const to = fileURLToPath(new URL('../../dist/src/dashboard/', import.meta.url));

await rm(to, { recursive: true, force: true });
await cp(from, to, { recursive: true, filter: (path) => !/\.(json|d\.ts)$/.test(path) });
