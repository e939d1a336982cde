import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Where a text is in the bytes of a folder's files. */
export interface Found {
  file: string;
  text: string;
  encoding: string;
}

/**
 * Searches all files below a folder for texts: as UTF-8, UTF-16, hexadecimal and base64.
 * @param skipped names of folders that are not searched
 */
export async function findTexts(
  folder: string,
  texts: readonly string[],
  skipped: readonly string[] = [],
): Promise<Found[]> {
  const patterns = texts.flatMap(patternsOf);
  const found: Found[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const file = relative(folder, path);
    if (!entry.isFile() || skipped.some((name) => file.split('/').includes(name))) continue;
    const bytes = await readFile(path);
    for (const { pattern, ...what } of patterns) if (bytes.includes(pattern)) found.push({ file, ...what });
  }
  return found;
}

function patternsOf(text: string): { text: string; encoding: string; pattern: Buffer }[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  return [
    { text, encoding: 'utf8', pattern: bytes },
    { text, encoding: 'utf16le', pattern: Buffer.from(text, 'utf16le') },
    { text, encoding: 'utf16be', pattern: Buffer.from(text, 'utf16le').swap16() },
    { text, encoding: 'hex', pattern: Buffer.from(hex) },
    { text, encoding: 'HEX', pattern: Buffer.from(hex.toUpperCase()) },
    // Base64 depends on what is before the text. The characters that contain other bytes are left out.
    ...[0, 1, 2].map((shift) => {
      const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
      const from = shift === 0 ? 0 : shift + 1;
      const to = encoded.length - 4;
      return { text, encoding: `base64+${shift}`, pattern: Buffer.from(encoded.slice(from, to)) };
    }),
  ];
}
