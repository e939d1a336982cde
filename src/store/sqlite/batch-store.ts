import { ServiceError } from '../../base/errors.ts';
import type { Decision, OrderState } from '../../order/decide.ts';
import type { AppliedRecord, BatchStore, BatchToSave, Effects, LoadedState } from '../order-store.ts';
import type { DueQuery, DueRetries } from '../order-store.ts';
import { toChange, toState } from '../rows.ts';
import { versionsBefore } from '../versions-before.ts';
import { settled, type Connection } from './connection.ts';
import { DeadLetterWriter } from './dead-letter-writer.ts';
import { RetryReader } from './retry-reader.ts';
import { RetryWriter } from './retry-writer.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { changeValues, moveValues, orderValues, type Value } from './values.ts';
import { withWriteTurn, type WriteLock } from './write-lock.ts';

/** Writes whole batches, one transaction each; the threads of a process take turns. */
export class SqliteBatchStore implements BatchStore {
  readonly #connection: Connection;
  readonly #turn: WriteLock;
  readonly #statements: Statements;
  readonly #retrying: RetryReader;
  readonly #retryChanges: RetryWriter;
  readonly #deadLetters: DeadLetterWriter;

  /** The connection is closed by `close`. */
  constructor(connection: Connection, turn: WriteLock) {
    this.#connection = connection;
    this.#turn = turn;
    this.#statements = prepareStatements(connection);
    this.#retrying = new RetryReader(connection);
    this.#retryChanges = new RetryWriter(connection);
    this.#deadLetters = new DeadLetterWriter(connection);
  }

  /** All of it is of one moment: what was decided on it is refused by `save` or right. */
  load(topic: string, partitions: number[], orderIds: string[]): Promise<LoadedState> {
    return this.#snapshotRead(() => ({
      orders: this.#states(orderIds),
      retrying: this.#retrying.among(orderIds),
      progress: this.#progress(topic, partitions),
    }));
  }

  loadDue(query: DueQuery): Promise<DueRetries> {
    return this.#snapshotRead(() => {
      const due = this.#retrying.due(query);
      const retrying = new Map(due.orders.map((order) => [order.retrying.orderId, order.retrying]));
      const progress = this.#progress(query.topic, query.partitions);
      return { ...due, loadedState: { orders: this.#states([...retrying.keys()]), retrying, progress } };
    });
  }

  save(batch: BatchToSave): Promise<number> {
    return this.#writing(batch, () => undefined);
  }

  async dryRun(batch: BatchToSave): Promise<void> {
    const takeBack = new Error('The rehearsal is over.');
    try {
      await this.#writing(batch, () => {
        throw takeBack;
      });
    } catch (error) {
      if (error !== takeBack) throw error;
    }
  }

  effectsOf(topic: string, records: readonly AppliedRecord[]): Promise<Effects> {
    const { effectsOf } = this.#statements;
    return this.#snapshotRead(() => ({
      changes: records.flatMap(({ orderId, position: { partition, offset } }) =>
        orderId === null ? [] : effectsOf.all(orderId, partition, offset).map(toChange),
      ),
      deadLetters: this.#deadLetters.at(topic, records),
    }));
  }

  effectsOfRetries(orderIds: readonly string[]): Promise<Effects> {
    const { changesOf } = this.#statements;
    return this.#snapshotRead(() => ({
      changes: orderIds.flatMap((orderId) => changesOf.all(orderId).map(toChange)),
      deadLetters: this.#deadLetters.ofRetries(orderIds),
    }));
  }

  withDeadLetters(orderIds: readonly string[]): Promise<Set<string>> {
    return settled(() => this.#deadLetters.knownOrders(orderIds));
  }

  purgeCompleted(orderIds: readonly string[]): Promise<void> {
    return settled(() => {
      withWriteTurn(this.#turn, () => this.#retryChanges.forget(orderIds));
    });
  }

  close(): Promise<void> {
    return settled(() => {
      this.#connection.close();
    });
  }

  #snapshotRead<T>(read: () => T): Promise<T> {
    return settled(this.#connection.transaction(read));
  }

  #states(orderIds: string[]): Map<string, OrderState> {
    const rows = this.#statements.states.all(JSON.stringify(orderIds));
    return new Map(rows.map((row) => [row.id, toState(row)]));
  }

  #progress(topic: string, partitions: readonly number[]): Map<number, number> {
    const progress = new Map<number, number>();
    for (const partition of partitions) {
      const row = this.#statements.progress.get(topic, partition);
      if (row !== undefined) progress.set(partition, row.next_offset);
    }
    return progress;
  }

  /** @param atTheEnd of the transaction: what it throws takes everything back */
  #writing(batch: BatchToSave, atTheEnd: () => void): Promise<number> {
    return settled(() => {
      const rows = rowsOf(batch.decision);
      const write = this.#connection.transaction(() => {
        this.#moveProgress(batch);
        const lastSequence = this.#write(rows);
        this.#retryChanges.write(batch.topic, batch.retryChanges);
        this.#deadLetters.write(batch.topic, batch.deadLetters, batch.resolved);
        atTheEnd();
        return lastSequence;
      });
      return withWriteTurn(this.#turn, () => write.immediate());
    });
  }

  /** Every partition that the batch was decided on must stand where it stood; none ever moves back. */
  #moveProgress({ topic, loadedProgress, nextProgress }: BatchToSave): void {
    for (const partition of new Set([...loadedProgress.keys(), ...nextProgress.keys()])) {
      const loaded = loadedProgress.get(partition);
      const next = Math.max(nextProgress.get(partition) ?? 0, loaded ?? 0);
      const moved =
        loaded === undefined
          ? this.#statements.startProgress.run(topic, partition, next)
          : this.#statements.moveProgress.run(next, topic, partition, loaded);
      if (moved.changes !== 1) {
        throw conflict(`partition ${partition} of ${topic} no longer stands at ${loaded ?? 'its beginning'}`);
      }
    }
  }

  /** @returns the sequence of the last change */
  #write({ placed, moved, changes }: Rows): number {
    const { insertOrder, insertPostings, moveOrder, insertChange } = this.#statements;
    let firstSeq: number | bigint | undefined;
    for (const { id, values } of placed) {
      const { changes, lastInsertRowid } = insertOrder.run(...values);
      if (changes !== 1) throw conflict(`order ${id} is already there`);
      firstSeq ??= lastInsertRowid;
    }
    if (firstSeq !== undefined) insertPostings.run(firstSeq);
    for (const { id, values } of moved) {
      if (moveOrder.run(...values).changes !== 1) throw conflict(`order ${id} has another version`);
    }
    let lastSequence = 0;
    for (const values of changes) lastSequence = Number(insertChange.run(...values).lastInsertRowid);
    return lastSequence;
  }
}

interface Rows {
  placed: { id: string; values: Value[] }[];
  moved: { id: string; values: Value[] }[];
  changes: Value[][];
}

/** Made before the turn is taken, so that it is held for nothing but writing. */
function rowsOf(decision: Decision): Rows {
  const loadedVersion = versionsBefore(decision);
  return {
    placed: decision.placed.map((order) => ({ id: order.state.id, values: orderValues(order) })),
    moved: decision.moved.map((order) => ({
      id: order.state.id,
      values: moveValues(order, loadedVersion(order.state)),
    })),
    changes: decision.changes.map(changeValues),
  };
}

function conflict(what: string): ServiceError {
  return new ServiceError(
    'progress-conflict',
    `Nothing was saved: ${what}. Load and decide the batch again.`,
  );
}
