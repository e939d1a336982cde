import t from 'tap';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { crashRepeatedly } from './nothing-lost.ts';

const TIMEOUT_MS = 300_000;
t.setTimeout(TIMEOUT_MS);

await t.test(
  'invariant 1: 5 crashes under load lose no acknowledged order',
  { timeout: TIMEOUT_MS },
  async (t) => {
    await crashRepeatedly(t, { DATA_DIR: await temporaryFolder(t) }, 5);
  },
);
