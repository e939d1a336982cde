import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chromiumPath, CHROMIUM_MISSING } from '../../tools/support/chromium.ts';

/** Runs the `*.browser.js` tests in a real Chromium. */
const path = chromiumPath();
if (path === undefined) {
  console.error(CHROMIUM_MISSING);
  process.exitCode = 1;
} else {
  console.error(`The tests run in ${path}.`);
  const files = process.argv.slice(2);
  const tap = spawn(
    'npx',
    ['--no-install', 'tap', '--jobs=1', ...(files.length > 0 ? files : ['dist/test/**/*.browser.js'])],
    { env: { ...process.env, CHROMIUM_PATH: path }, stdio: 'inherit' },
  );
  const [code] = (await once(tap, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
