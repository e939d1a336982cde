import { accessSync, constants } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const CHROMIUM_MISSING =
  'Chromium is missing. Install it (Debian: apt-get install chromium), or set CHROMIUM_PATH.';

/** Headless; without a sandbox, which root in a container does not get; without background requests. */
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** CHROMIUM_PATH or a usual path; undefined without an executable there. */
export function chromiumPath(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { CHROMIUM_PATH: given = '' } = environment;
  return (given === '' ? PATHS : [given]).find(isExecutable);
}

/** @param more arguments besides the usual ones @throws Error when Chromium is missing */
export async function startChromium(more: readonly string[] = []): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error(CHROMIUM_MISSING);
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
