import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChromium } from '../support/chromium.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { Program } from '../support/program.ts';

/**
 * Takes docs/dashboard.png: the dashboard while simulated orders, a few of which fail, move through a service. Run
 * `node dist/tools/generate/screenshot.js` after changing the page.
 */
const PICTURE = fileURLToPath(new URL('../../../docs/dashboard.png', import.meta.url));
const PROCESSOR = fileURLToPath(new URL('../../../tools/generate/screenshot-processor.mjs', import.meta.url));
const SIMULATION = fileURLToPath(new URL('../simulate/main.js', import.meta.url));
const RATE = 40;
/** Long enough to fill the chart. */
const SIMULATED_SECONDS = 120;
const MAX_BYTES = 200_000;
const DEADLINE_MS = 60_000;

const folder = await mkdtemp(join(tmpdir(), 'order-system-picture-'));
const service = await ServiceProcess.start('all', { DATA_DIR: folder, PROCESSOR, RETRY_BASE_MS: '5000' });
let simulation: Program | undefined;
const browser = await startChromium();
try {
  const { url } = service;
  simulation = new Program(['--url', url, '--rate', String(RATE), '--seconds', '600'], {
    program: SIMULATION,
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 940 }, colorScheme: 'light' });
  page.setDefaultTimeout(DEADLINE_MS);
  await page.goto(url);
  await page.waitForTimeout(SIMULATED_SECONDS * 1000);
  await page.click('#place-order button');
  await page.locator('#placed-status').filter({ hasText: 'confirmed' }).waitFor();
  await page.click('#moves button');
  await page.locator('#placed-status').filter({ hasText: 'preparing' }).waitFor();
  await page.evaluate('document.activeElement.blur()');
  await page.screenshot({ path: PICTURE, animations: 'disabled' });
} finally {
  await simulation?.kill();
  await browser.close();
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}
const { size } = statSync(PICTURE);
if (size > MAX_BYTES) throw new Error(`docs/dashboard.png has ${size} bytes, more than ${MAX_BYTES}.`);
console.error(`docs/dashboard.png: ${size} bytes`);
