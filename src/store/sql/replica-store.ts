import type { Replica, ReplicaStore } from '../replica-store.ts';
import type { SqlWriter } from './alignment-store.ts';

const NOTE = `
  INSERT INTO replicas (id, role, version, node, host, pid, started_at, seen_at, partitions)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, partitions = excluded.partitions`;

export class SqlReplicaStore implements ReplicaStore {
  readonly #writer: Pick<SqlWriter, 'write' | 'close'>;

  constructor(writer: Pick<SqlWriter, 'write' | 'close'>) {
    this.#writer = writer;
  }

  async noteReplica(replica: Replica, forgetBefore: number): Promise<void> {
    const { id, role, version, node, host, pid, startedAt, seenAt, partitions } = replica;
    const values = [id, role, version, node, host, pid, startedAt, seenAt, JSON.stringify(partitions)];
    await this.#writer.write([
      { name: 'note-replica', text: NOTE, values },
      { name: 'forget-replicas', text: 'DELETE FROM replicas WHERE seen_at < ?', values: [forgetBefore] },
    ]);
  }

  async removeReplica(id: string): Promise<void> {
    await this.#writer.write([
      { name: 'remove-replica', text: 'DELETE FROM replicas WHERE id = ?', values: [id] },
    ]);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}
