import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Package } from './packages.ts';

const LICENSE = /^(licen[cs]e|copying|notice)/i;

/** The licences of packages and of Node, as their authors wrote them. */
export async function licenseTexts(packages: readonly Package[]): Promise<string> {
  const sections = await Promise.all(
    packages
      .toSorted((one, other) => one.folder.localeCompare(other.folder))
      .map(async ({ folder }) => {
        const {
          name,
          version = '',
          license,
        } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
          name: string;
          version?: string;
          license?: unknown;
        };
        const texts = await textsIn(folder);
        const declared = typeof license === 'string' ? `License: ${license}` : 'See its package.';
        return section(`${name} ${version}`, texts.length === 0 ? declared : texts.join('\n\n'));
      }),
  );
  return [section(`Node.js ${process.version}`, await licenseOfNode()), ...new Set(sections)].join('\n');
}

/** Installations keep it in different places. */
async function licenseOfNode(): Promise<string> {
  const prefix = dirname(dirname(process.execPath));
  for (const path of [join(prefix, 'LICENSE'), join(prefix, 'share/doc/nodejs/LICENSE')]) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return `https://github.com/nodejs/node/blob/${process.version}/LICENSE`;
}

async function textsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && LICENSE.test(entry.name)).map(({ name }) => name);
  return Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
}

function section(title: string, text: string): string {
  return `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text.trim()}\n`;
}
