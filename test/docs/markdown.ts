import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository; tests run as dist/test/docs/*.js. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Document {
  /** relative to the repository */
  path: string;
  text: string;
}

export interface CodeBlock {
  /** `README.md:12`, where the block begins */
  place: string;
  code: string;
  /** the text of a `<!-- run: … -->` comment before the block; undefined without one */
  marker: string | undefined;
}

export function readDocument(path: string): Document {
  return { path, text: readFileSync(`${ROOT}${path}`, 'utf8') };
}

/** README.md, CONTRIBUTING.md and everything in docs/. */
export function allDocuments(): Document[] {
  const inDocs = readdirSync(`${ROOT}docs`).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', 'CONTRIBUTING.md', ...inDocs.sort().map((name) => `docs/${name}`)];
  return paths.filter((path) => existsSync(ROOT + path)).map(readDocument);
}

const BLOCK = /(?:^<!-- run: (?<marker>.*?) -->\n+)?^```(?<language>[a-z]*)\n(?<code>.*?)^```$/gms;

/** The fenced code blocks of a language, in the order of the document. */
export function codeBlocks({ path, text }: Document, language: string): CodeBlock[] {
  return [...text.matchAll(BLOCK)]
    .filter((match) => match.groups?.language === language)
    .map(({ index, groups = {} }) => ({
      place: `${path}:${text.slice(0, index).split('\n').length}`,
      code: groups.code ?? '',
      marker: groups.marker,
    }));
}

/** The text without its code blocks. */
export function prose({ text }: Document): string {
  return text.replace(BLOCK, '');
}

/** The cells of every table row, header rows left out. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n');
  return lines
    .filter((line, index) => line.startsWith('|') && !isRuler(line) && !isRuler(lines[index + 1] ?? ''))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function isRuler(line: string): boolean {
  return /^\|[\s:|-]+\|$/.test(line);
}

/** The anchors that GitHub gives the headings. */
export function anchors(document: Document): Set<string> {
  const headings = prose(document).matchAll(/^#+ (.*)$/gm);
  return new Set([...headings].map(([, heading = '']) => anchorOf(heading)));
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** The targets of links and images that stay in the repository. */
export function relativeLinks(document: Document): string[] {
  const links = prose(document).matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target));
}
