import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';

/**
 * Replaces what is between `<!-- name:start -->` and `<!-- name:end -->`.
 * @throws Error unless the document has both, in this order
 */
export function betweenMarkers(document: string, name: string, content: string): string {
  const [startMarker, endMarker] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const start = document.indexOf(startMarker);
  const end = document.indexOf(endMarker);
  if (start === -1 || end < start) {
    throw new Error(`The document needs the lines ${startMarker} and ${endMarker}.`);
  }
  return `${document.slice(0, start + startMarker.length)}\n\n${content}\n\n${document.slice(end)}`;
}

/** Writes a file as the lint rules of this repository want it. */
export async function writeFormatted(path: string, text: string): Promise<void> {
  const config = await resolveConfig(new URL('../../../package.json', import.meta.url));
  await writeFile(path, await format(text, { ...config, filepath: path }));
}
