import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';

/** The layers of src/, top first. Imports only go down; folders on one line never import each other. */
const LAYERS = [
  ['main.ts'],
  ['cli'],
  ['app'],
  ['http', 'grpc', 'pipeline'],
  ['services', 'threads'],
  ['auth'],
  ['processing', 'stats'],
  ['status'],
  ['log', 'store'],
  ['order', 'tracing'],
  ['config'],
  ['base'],
];

/** Implementations of one port never import each other. */
const SEPARATE = [
  ['log/kafka', 'log/embedded'],
  ['store/sqlite', 'store/postgres'],
];

const source = resolve(dirname(fileURLToPath(import.meta.url)), '../../../src');

/** Both are paths below src/. */
interface Import {
  from: string;
  to: string;
}

function layerOf(file: string): number {
  return LAYERS.findIndex((folders) => folders.includes(folderOf(file)));
}

function folderOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function violation({ from, to }: Import): string | undefined {
  const [fromLayer, toLayer] = [layerOf(from), layerOf(to)];
  if (fromLayer === -1 || toLayer === -1) return `${from} → ${to}: the folder is in no layer`;
  if (fromLayer > toLayer) return `${from} → ${to}: upward import`;
  if (fromLayer === toLayer && folderOf(from) !== folderOf(to)) return `${from} → ${to}: same layer`;
  for (const folders of SEPARATE) {
    const [fromFolder, toFolder] = [from, to].map((file) =>
      folders.find((folder) => file.startsWith(`${folder}/`)),
    );
    if (fromFolder !== undefined && toFolder !== undefined && fromFolder !== toFolder) {
      return `${from} → ${to}: two implementations of one port`;
    }
  }
  return undefined;
}

/** Cycles of the import graph between `nodeOf` of its files, each as `a → b → a`. */
function cycles(imports: Import[], nodeOf: (file: string) => string): string[] {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const [a, b] = [nodeOf(from), nodeOf(to)];
    if (a !== b) graph.set(a, (graph.get(a) ?? new Set()).add(b));
    else if (from === to) graph.set(a, (graph.get(a) ?? new Set()).add(a));
  }
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) found.push([...path.slice(start), node].join(' → '));
    if (start >= 0 || done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}

function importedBy(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8');
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

const imports: Import[] = files.flatMap((from) =>
  importedBy(from)
    .filter((name) => name.startsWith('.'))
    .map((name) => ({ from, to: relative(source, resolve(source, dirname(from), name)) }))
    .filter(({ to }) => !to.startsWith('..')),
);

await t.test('every import goes down the layers', async (t) => {
  t.ok(imports.length > 100, `${imports.length} imports were read`);
  t.same(imports.map(violation).filter(Boolean), []);
});

await t.test('no two files, and no two folders, import each other in a circle', async (t) => {
  const ours = imports.filter(({ from }) => !from.startsWith('grpc/generated/'));
  t.same(
    cycles(ours, (file) => file),
    [],
  );
  t.same(cycles(ours, dirname), []);
});

await t.test('planted violations are found', async (t) => {
  t.match(violation({ from: 'order/decide.ts', to: 'store/order-store.ts' }), /upward/);
  t.match(violation({ from: 'http/app.ts', to: 'pipeline/lane.ts' }), /same layer/);
  t.match(violation({ from: 'log/kafka/a.ts', to: 'log/embedded/b.ts' }), /two implementations/);
  t.match(violation({ from: 'elsewhere/a.ts', to: 'base/b.ts' }), /in no layer/);
  t.equal(violation({ from: 'app/api.ts', to: 'base/errors.ts' }), undefined);

  const circle = [
    { from: 'x/a.ts', to: 'y/b.ts' },
    { from: 'y/b.ts', to: 'y/c.ts' },
    { from: 'y/c.ts', to: 'x/a.ts' },
    { from: 'x/a.ts', to: 'z/d.ts' },
  ];
  t.same(
    cycles(circle, (file) => file),
    ['x/a.ts → y/b.ts → y/c.ts → x/a.ts'],
  );
  t.same(cycles(circle, dirname), ['x → y → x']);
  t.same(cycles(circle.slice(0, 2), dirname), []);
});

await t.test('the domain imports no package that does input or output', async (t) => {
  const packages = files
    .filter((file) => file.startsWith('order/'))
    .flatMap(importedBy)
    .filter((name) => !name.startsWith('.'))
    .map((name) => (name.startsWith('typebox/') ? 'typebox' : name));
  t.same([...new Set(packages)].sort(), [
    'currency-codes',
    'fast-json-stringify',
    'node:crypto',
    'typebox',
    'uuid',
  ]);
});
