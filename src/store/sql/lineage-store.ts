import type { HistoryEpoch } from '../history-epoch.ts';
import type { LineageStore, StatusLog } from '../lineage-store.ts';
import type { SqlClient } from './statement.ts';

/** Tokens of older epochs are too old anyway. */
const KEPT_EPOCHS = 1_000;

const INSERT_EPOCH = `
  INSERT INTO history_epochs (id, first_sequence)
  SELECT ?, coalesce(max(seq), 0) + 1 FROM order_history WHERE seq IS NOT NULL`;

const DELETE_OLD_EPOCHS = `
  DELETE FROM history_epochs WHERE number <= (SELECT max(number) FROM history_epochs) - ?`;

const EPOCHS = 'SELECT id, first_sequence AS "firstSequence" FROM history_epochs ORDER BY number';

const INSERT_LOG = 'INSERT INTO status_logs (topic, identity, ends) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
const LOG = 'SELECT identity, ends FROM status_logs WHERE topic = ?';
const REPLACE_LOG = 'UPDATE status_logs SET identity = ?, ends = ? WHERE topic = ? AND identity = ?';
const UPDATE_ENDS = 'UPDATE status_logs SET ends = ? WHERE topic = ? AND identity = ?';

export class SqlLineageStore implements LineageStore {
  readonly #client: SqlClient;
  readonly #keptEpochs: number;

  constructor(client: SqlClient, keptEpochs = KEPT_EPOCHS) {
    this.#client = client;
    this.#keptEpochs = keptEpochs;
  }

  async beginEpoch(id: string): Promise<HistoryEpoch[]> {
    await this.#run('begin-epoch', INSERT_EPOCH, id);
    await this.#run('delete-old-epochs', DELETE_OLD_EPOCHS, this.#keptEpochs);
    return this.#client.query<HistoryEpoch>({ name: 'epochs', text: EPOCHS, values: [] });
  }

  async statusLog(topic: string, proposed: StatusLog): Promise<StatusLog> {
    await this.#run('insert-status-log', INSERT_LOG, topic, proposed.identity, textOf(proposed.ends));
    return this.#read(topic, proposed);
  }

  async replaceStatusLog(topic: string, identity: string, next: StatusLog): Promise<StatusLog> {
    await this.#run('replace-status-log', REPLACE_LOG, next.identity, textOf(next.ends), topic, identity);
    return this.#read(topic, next);
  }

  async noteStatusEnds(topic: string, { identity, ends }: StatusLog): Promise<void> {
    await this.#run('update-status-ends', UPDATE_ENDS, textOf(ends), topic, identity);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** @param fallback if the row is missing, for example because the table was emptied */
  async #read(topic: string, fallback: StatusLog): Promise<StatusLog> {
    type Row = { identity: string; ends: string };
    const [row] = await this.#client.query<Row>({ name: 'status-log', text: LOG, values: [topic] });
    return row === undefined ? fallback : { identity: row.identity, ends: endsOf(row.ends) };
  }

  async #run(name: string, text: string, ...values: unknown[]): Promise<void> {
    // SQLite's driver expects every query to return rows.
    await this.#client.query({ name, text: `${text} RETURNING 1 AS done`, values });
  }
}

function textOf(ends: readonly number[]): string {
  // Array.from fills the holes of partitions without a known end.
  return Array.from(ends, (end: number | undefined) => end ?? 0).join(' ');
}

function endsOf(text: string): number[] {
  return text === '' ? [] : text.split(' ').map(Number);
}
