import { ServiceError } from '../../base/errors.ts';
import type { AcceptedProgress, AlignmentStore, StoredLog, StoredProgress } from '../alignment-store.ts';
import { checkOfLastRecord, lastRecordText } from './last-record.ts';
import type { SqlClient, Statement } from './statement.ts';

/** A connection that can write. */
export interface SqlWriter extends Omit<SqlClient, 'page'> {
  /** Runs the statements in one transaction. @throws ServiceError `store-unavailable`, `store-refused` */
  write(statements: readonly Statement[]): Promise<unknown>;
}

export class SqlAlignmentStore implements AlignmentStore {
  readonly #writer: SqlWriter;

  constructor(writer: SqlWriter) {
    this.#writer = writer;
  }

  read(topic: string): Promise<StoredLog> {
    return readStoredLog(this.#writer, topic);
  }

  async claim(topic: string, identity: string): Promise<string> {
    await this.#writer.write([
      statement(
        'claim',
        'INSERT INTO log_identities (topic, identity) VALUES (?, ?) ON CONFLICT DO NOTHING',
        [topic, identity],
      ),
    ]);
    return (await this.read(topic)).identity ?? identity;
  }

  async accept(
    topic: string,
    identity: string | undefined,
    changes: ReadonlyMap<number, { loaded: StoredProgress | undefined; next: AcceptedProgress }>,
  ): Promise<void> {
    const { progress } = await this.read(topic);
    for (const [partition, { loaded }] of changes) {
      if (progress.get(partition)?.nextOffset === loaded?.nextOffset) continue;
      throw new ServiceError(
        'progress-conflict',
        `The progress of ${topic}/${partition} has moved meanwhile: a service is using this store. Stop it, then try again.`,
      );
    }
    await this.#writer.write([
      ...(identity === undefined ? [] : [statement('adopt', ADOPT, [topic, identity])]),
      ...[...changes].map(([partition, { next }]) =>
        statement('set aside', SET_ASIDE, [topic, partition, next?.nextOffset ?? 0]),
      ),
      ...[...changes].map(([partition, { next }]) =>
        next === undefined
          ? statement('remove progress', 'DELETE FROM progress WHERE topic = ? AND partition = ?', [
              topic,
              partition,
            ])
          : statement('set progress', SET_PROGRESS, [
              topic,
              partition,
              next.nextOffset,
              lastRecordText(next.nextOffset, next.lastRecord),
            ]),
      ),
    ]);
  }

  /** Reads the progress first: what is saved later has a check value of a later record. */
  async forgetLastRecords(topic: string): Promise<Map<number, number>> {
    const rows = await this.#writer.query<{ partition: number; next: number }>(
      statement('next offsets', 'SELECT partition, next_offset AS next FROM progress WHERE topic = ?', [
        topic,
      ]),
    );
    await this.#writer.write([
      statement('forget last records', 'UPDATE progress SET last_record = NULL WHERE topic = ?', [topic]),
    ]);
    return new Map(rows.map(({ partition, next }) => [partition, next]));
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}

/** Reads the identity first, then the progress. */
export async function readStoredLog(client: Pick<SqlClient, 'query'>, topic: string): Promise<StoredLog> {
  const [log] = await client.query<{ identity: string }>(
    statement('identity', 'SELECT identity FROM log_identities WHERE topic = ?', [topic]),
  );
  const rows = await client.query<{ partition: number; next_offset: number; last_record: string | null }>(
    statement('progress', 'SELECT partition, next_offset, last_record FROM progress WHERE topic = ?', [
      topic,
    ]),
  );
  const progress = rows.map(({ partition, next_offset, last_record }): [number, StoredProgress] => [
    partition,
    { nextOffset: next_offset, lastRecord: checkOfLastRecord(next_offset, last_record) },
  ]);
  return { identity: log?.identity, progress: new Map(progress) };
}

const ADOPT = `INSERT INTO log_identities (topic, identity) VALUES (?, ?)
  ON CONFLICT (topic) DO UPDATE SET identity = excluded.identity`;

/** As when one is written whose position another record had (write-dead-letters.ts). */
const SET_ASIDE = `UPDATE dead_letters SET topic = topic || '@' || id
  WHERE topic = ? AND partition = ? AND "offset" >= ?`;

const SET_PROGRESS = `INSERT INTO progress (topic, partition, next_offset, last_record) VALUES (?, ?, ?, ?)
  ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, last_record = excluded.last_record`;

function statement(name: string, text: string, values: unknown[]): Statement {
  return { name: `alignment: ${name}`, text, values };
}
