import { cp, rm } from 'node:fs/promises';
import { fileURLToPath, URL } from 'node:url';

/** Copies the dashboard, which tsc does not compile, next to the compiled module that serves it. */
const from = fileURLToPath(new URL('../../src/dashboard/', import.meta.url));
const to = fileURLToPath(new URL('../../dist/src/dashboard/', import.meta.url));

await rm(to, { recursive: true, force: true });
await cp(from, to, { recursive: true, filter: (path) => !/\.(json|d\.ts)$/.test(path) });
