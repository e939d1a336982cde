import t from 'tap';
import { arrayParameter } from '../../../src/store/postgres/array-parameter.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';

const server = await PostgresServer.start(t);
const client = await server.connect('postgres');
t.teardown(() => client.end());

const elements = async (type: 'text' | 'bigint', values: (string | number | null)[]) => {
  const { rows } = await client.query<{ text: string | null }>(
    `SELECT element::text AS text FROM unnest($1::${type}[]) WITH ORDINALITY AS given (element, ordinal) ORDER BY ordinal`,
    [arrayParameter(type, values)],
  );
  return rows.map(({ text }) => text);
};

await t.test('texts arrive unchanged, except U+0000, which PostgreSQL cannot store', async (t) => {
  const texts = ['', 'plain', '"quoted", {braced} \\ \n', 'NULL', null, 'Ünïcödé €', '😀'.repeat(1_000)];
  t.same(await elements('text', texts), texts);
  t.same(await elements('text', ['a\0b']), ['a\uFDD00b']);
});

await t.test('numbers arrive unchanged', async (t) => {
  const numbers = [
    0,
    1,
    -1,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ];
  t.same(await elements('bigint', [...numbers, null]), [...numbers.map(String), null]);
});

await t.test('an array may be empty', async (t) => {
  t.same(await elements('text', []), []);
  t.same(await elements('bigint', []), []);
});
