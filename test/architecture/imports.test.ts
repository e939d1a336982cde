import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';

/** The house, from the roof down; folders on one line never import each other. */
const FLOORS = [
  ['main.ts'],
  ['roles'],
  ['http', 'grpc', 'pipeline'],
  ['intake', 'stats'],
  ['status'],
  ['log', 'pool'],
  ['store'],
  ['order'],
  ['base'],
];

/** Folders that never import each other, whatever their floors: two implementations of one port. */
const STRANGERS = [
  ['log/kafka', 'log/embedded'],
  ['store/sqlite', 'store/postgres'],
];

const source = resolve(dirname(fileURLToPath(import.meta.url)), '../../../src');

interface Arrow {
  from: string;
  to: string;
}

function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(file.split('/')[0] ?? ''));
}

export function forbidden({ from, to }: Arrow): string | undefined {
  const [fromFloor, toFloor] = [floorOf(from), floorOf(to)];
  if (fromFloor === -1 || toFloor === -1) return `${from} → ${to}: no such floor in the house`;
  if (fromFloor > toFloor) return `${from} → ${to}: goes up the house`;
  if (fromFloor === toFloor && from.split('/')[0] !== to.split('/')[0]) {
    return `${from} → ${to}: goes to a neighbour on the same floor`;
  }
  for (const strangers of STRANGERS) {
    const [fromRoom, toRoom] = [from, to].map((file) =>
      strangers.find((room) => file.startsWith(`${room}/`)),
    );
    if (fromRoom !== undefined && toRoom !== undefined && fromRoom !== toRoom) {
      return `${from} → ${to}: two implementations of one port`;
    }
  }
  return undefined;
}

function arrows(): Arrow[] {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((from) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(source, from), 'utf8'), true, true);
    return importedFiles
      .map((imported) => imported.fileName)
      .filter((name) => name.startsWith('.'))
      .map((name) => ({ from, to: relative(source, resolve(source, dirname(from), name)) }))
      .filter(({ to }) => !to.startsWith('..'));
  });
}

await t.test('every import goes down the house', async (t) => {
  const all = arrows();
  t.ok(all.length > 100, `${all.length} imports were read`);
  t.same(all.map(forbidden).filter(Boolean), []);
});

await t.test('an arrow that goes up, or sideways, is found', async (t) => {
  t.match(forbidden({ from: 'order/decide.ts', to: 'store/order-store.ts' }), /goes up/);
  t.match(forbidden({ from: 'http/app.ts', to: 'pipeline/lane.ts' }), /neighbour/);
  t.match(forbidden({ from: 'log/kafka/a.ts', to: 'log/embedded/b.ts' }), /two implementations/);
  t.match(forbidden({ from: 'elsewhere/a.ts', to: 'base/b.ts' }), /no such floor/);
  t.equal(forbidden({ from: 'roles/api.ts', to: 'base/errors.ts' }), undefined);
});

await t.test('the domain stands on packages that do no input or output', async (t) => {
  const pure = arrowsToPackages().filter(({ from }) => from.startsWith('order/'));
  t.same([...new Set(pure.map(({ to }) => to))].sort(), [
    'currency-codes',
    'fast-json-stringify',
    'node:crypto',
    'typebox',
    'uuid',
  ]);
});

function arrowsToPackages(): Arrow[] {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((from) =>
    ts
      .preProcessFile(readFileSync(join(source, from), 'utf8'), true, true)
      .importedFiles.map((imported) => imported.fileName)
      .filter((name) => !name.startsWith('.'))
      .map((name) => ({ from, to: name.startsWith('typebox/') ? 'typebox' : name })),
  );
}
