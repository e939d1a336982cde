import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import t from 'tap';
import ts from 'typescript';
import { ERRORS } from '../../src/base/error-table.ts';
import { isKnownVariable } from './check-commands.ts';
import {
  allDocuments,
  anchors,
  codeBlocks,
  prose,
  readDocument,
  relativeLinks,
  ROOT,
  tableRows,
} from './markdown.ts';

const README_LINES = 200;

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/api.md',
  'docs/architecture.md',
  'docs/benchmarks.md',
  'docs/configuration.md',
  'docs/deployment.md',
  'docs/learn.md',
  'docs/metrics.md',
  'docs/on-call.md',
  'docs/reliability.md',
  'docs/retention.md',
  'docs/runbook.md',
  'docs/security.md',
  'docs/tracing.md',
];

/** Private words of the past; the glossary in docs/architecture.md has the present ones. */
const PRIVATE_WORDS = [
  /\bparked\b/i,
  /\bwhoever\b/i,
  /(?<!\bdead[ -])\bletters?\b/i,
  /\bdesk\b/i,
  /\bfaces\b/i,
  /\bcondemned\b/i,
  /\btriage\b/i,
  /\bwhat becomes of\b/i,
  /\banew\b/i,
];

/** Shell commands are `sh`, so that they are run. */
const LANGUAGES = ['sh', 'js', 'ts', 'json', 'text', 'mermaid'];

const documents = allDocuments();

await t.test('the documents exist, and each says first when to read it', async (t) => {
  const paths = documents.map(({ path }) => path);
  t.same(
    DOCUMENTS.filter((path) => !paths.includes(path)),
    [],
  );
  for (const document of documents.filter(({ path }) => path !== 'README.md')) {
    const lines = document.text.split('\n');
    const [first = '', second = '', third] = lines.slice(
      lines.findIndex((line) => line.startsWith('# ')) + 2,
    );
    t.match(first, /^Read this /, document.path);
    t.ok(second !== '' && third === '', `${document.path}: two lines`);
  }
});

await t.test(`the README has at most ${README_LINES} lines and its one table of figures`, async (t) => {
  const { text } = readDocument('README.md');
  t.ok(text.split('\n').length - 1 <= README_LINES);
  t.equal(text.split('<!-- figures: one commit, one machine -->').length, 2);
});

await t.test('every code block has a language, and every marker a shell block', async (t) => {
  for (const document of documents) {
    const fences = [...document.text.matchAll(/^```(.*)$/gm)].map(([, language = '']) => language);
    const languages = fences.filter((_, index) => index % 2 === 0);
    t.same(
      languages.filter((language) => !LANGUAGES.includes(language)),
      [],
      document.path,
    );
    const markers = document.text.match(/^<!-- *runs?\b.*$/gm) ?? [];
    const marked = codeBlocks(document, 'sh').filter(({ marker }) => marker !== undefined);
    t.equal(marked.length, markers.length, `${document.path}: ${markers.join(' ')}`);
  }
});

await t.test('links lead somewhere', async (t) => {
  const found = new Map(documents.map((document) => [document.path, anchors(document)]));
  for (const document of documents) {
    for (const link of relativeLinks(document)) {
      const [file = '', anchor] = link.split('#');
      const path = file === '' ? document.path : join(dirname(document.path), file);
      t.ok(existsSync(ROOT + path), `${document.path}: ${link}`);
      if (anchor !== undefined) t.ok(found.get(path)?.has(anchor), `${document.path}: ${link}`);
    }
  }
});

await t.test('no private words', async (t) => {
  const found = documents.flatMap(({ path, text }) =>
    text
      .split('\n')
      .map((line, index) => `${path}:${index + 1}: ${line}`)
      .filter((line) => PRIVATE_WORDS.some((word) => word.test(line))),
  );
  t.same(found, []);
  t.match('letters', PRIVATE_WORDS[2] ?? /^$/);
  t.notMatch('dead letters, dead-letter, /v1/dead-letters', PRIVATE_WORDS[2] ?? /^/);
});

await t.test('every setting that a document names exists', async (t) => {
  const reasons = Object.keys(ERRORS).map((code) => code.toUpperCase().replaceAll('-', '_'));
  const statuses = Object.values(ERRORS).map(({ grpcStatus }) => grpcStatus);
  const known = new Set<string>([...reasons, ...statuses, 'SERVING', 'NOT_SERVING', 'CHROMIUM_PATH']);
  for (const document of documents) {
    const names = prose(document).matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g);
    for (const [, name = ''] of names)
      t.ok(known.has(name) || isKnownVariable(name), `${document.path}: ${name}`);
  }
});

await t.test('the README has eight settings, with the defaults that they have', async (t) => {
  const example = readFileSync(`${ROOT}.env.example`, 'utf8');
  const section = readDocument('README.md')
    .text.split('\n## ')
    .find((part) => part.startsWith('Settings'));
  const rows = tableRows(section ?? '');
  t.equal(rows.length, 8);
  for (const [setting = '', value = ''] of rows) {
    const name = setting.replaceAll('`', '');
    const actual = new RegExp(`^# default: (.*?); .*\n#${name}=`, 'm').exec(example)?.[1];
    t.equal(value.replaceAll('`', ''), actual, name);
  }
});

await t.test('the table of errors in docs/api.md is that of src/base/error-table.ts', async (t) => {
  const rows = tableRows(readDocument('docs/api.md').text).filter(([status = '']) => /^\d{3}$/.test(status));
  t.ok(rows.length > 20);
  for (const [status, code = '', grpcStatus = ''] of rows) {
    const name = code.replaceAll('`', '');
    const row = Object.entries(ERRORS).find(([known]) => known === name)?.[1];
    t.equal(row?.httpStatus, Number(status), name);
    // The gateway's own, which gRPC callers never see.
    if (grpcStatus !== '–') t.equal(row?.grpcStatus, grpcStatus.replaceAll('`', ''), name);
  }
});

await t.test('each invariant is named in its owner files and in at least one of its tests', async (t) => {
  const section = readDocument('docs/architecture.md')
    .text.split('\n## ')
    .find((part) => part.startsWith('Invariants'));
  const rows = tableRows(section ?? '').filter(([number = '']) => /^\d+$/.test(number));
  t.ok(rows.length > 10);
  for (const [number = '', , owners = '', tests = ''] of rows) {
    const namesIt = (path: string) =>
      new RegExp(`invariant ${number}\\b`, 'i').test(readFileSync(ROOT + path, 'utf8'));
    const ownerPaths = quotedPaths(owners).map((path) => `src/${path}`);
    t.ok(ownerPaths.length > 0, `invariant ${number} has an owner`);
    t.same(
      ownerPaths.filter((path) => !namesIt(path)),
      [],
      `owners of invariant ${number}`,
    );
    t.ok(quotedPaths(tests).some(namesIt), `invariant ${number}: ${tests}`);
  }
});

await t.test('the types of a processor in docs/api.md are those of the code', async (t) => {
  const [documented] = codeBlocks(readDocument('docs/api.md'), 'ts');
  const inDocument = membersOf(documented?.code ?? '');
  const inCode = membersOf(readFileSync(`${ROOT}src/processing/processor-api.ts`, 'utf8'));
  for (const name of [
    'Processor',
    'ProcessorAnswer',
    'ProcessorContext',
    'ProcessorLogger',
    'OrderToProcess',
  ]) {
    t.ok(inCode.has(name), name);
    t.same(inDocument.get(name), inCode.get(name), name);
  }
});

await t.test('the payment example in docs/api.md is examples/payment-processor.js', async (t) => {
  const [documented] = codeBlocks(readDocument('docs/api.md'), 'js');
  t.equal(documented?.code.trim(), readFileSync(`${ROOT}examples/payment-processor.js`, 'utf8').trim());
});

function quotedPaths(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+\.ts)`/g)].map(([, path = '']) => path);
}

/** The members of every interface as the compiler prints them, without comments. */
function membersOf(code: string): Map<string, string[]> {
  const printer = ts.createPrinter({ removeComments: true });
  const source = ts.createSourceFile('source.ts', code, ts.ScriptTarget.Latest);
  const interfaces = source.statements.filter((statement) => ts.isInterfaceDeclaration(statement));
  return new Map(
    interfaces.map(({ name, members }) => [
      name.text,
      members.map((member) => printer.printNode(ts.EmitHint.Unspecified, member, source)),
    ]),
  );
}
