import type { Database } from 'better-sqlite3';
import { ServiceError } from '../../base/errors.ts';
import { MAX_SLOT, SLOT_SIZE } from './log-database.ts';
import type { PartitionState } from './protocol.ts';

export interface Topic {
  id: number;
  name: string;
  partitions: Partition[];
}

/** What the file says of a partition, kept in memory and moved after each commit. */
export interface Partition extends PartitionState {
  slot: number;
  number: number;
  topicId: number;
  /** a group decides what is done; false where age alone does */
  consumed: boolean;
}

export interface TopicOptions {
  groupId: string;
  /** of a topic that does not exist yet; an existing one keeps its count */
  partitions: number;
  followedTopics: string[];
}

interface PartitionRow {
  slot: number;
  number: number;
  start: number;
}

/** The topics of the log; one is created when it is first used. */
export class TopicTable {
  readonly #db: Database;
  readonly #options: TopicOptions;
  readonly #topics = new Map<string, Topic>();

  constructor(db: Database, options: TopicOptions) {
    this.#db = db;
    this.#options = options;
    const rows = db.prepare<[], { id: number; name: string }>('SELECT id, name FROM topics').all();
    for (const { id, name } of rows) this.#load(id, name);
  }

  use(name: string): Topic {
    return this.#topics.get(name) ?? this.#create(name);
  }

  all(): Topic[] {
    return [...this.#topics.values()];
  }

  #create(name: string): Topic {
    const insert = () => {
      const id = Number(this.#db.prepare('INSERT INTO topics (name) VALUES (?)').run(name).lastInsertRowid);
      const addPartition = this.#db.prepare('INSERT INTO partitions (topic, number) VALUES (?, ?)');
      for (let number = 0; number < this.#options.partitions; number++) {
        if (Number(addPartition.run(id, number).lastInsertRowid) <= MAX_SLOT) continue;
        const detail = `Topic ${name} cannot be created: an embedded event log has at most ${MAX_SLOT} partitions in all topics together.`;
        throw new ServiceError('log-unavailable', detail);
      }
      return id;
    };
    return this.#load(this.#db.transaction(insert)(), name);
  }

  #load(id: number, name: string): Topic {
    const { groupId, followedTopics } = this.#options;
    const rows = this.#db.prepare<[number], PartitionRow>(
      'SELECT slot, number, start FROM partitions WHERE topic = ? ORDER BY number',
    );
    const end = this.#db
      .prepare<[number, number, number], number>(
        'SELECT id + count - ? FROM chunks WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1',
      )
      .pluck();
    const committed = this.#db
      .prepare<[string, number], number>(
        'SELECT next_offset FROM group_offsets WHERE group_id = ? AND slot = ?',
      )
      .pluck();
    const partitions = rows.all(id).map(({ slot, number, start }) => ({
      slot,
      number,
      topicId: id,
      start,
      end: end.get(slot * SLOT_SIZE, slot * SLOT_SIZE, (slot + 1) * SLOT_SIZE) ?? start,
      committed: committed.get(groupId, slot),
      consumed: !followedTopics.includes(name),
    }));
    const topic = { id, name, partitions };
    this.#topics.set(name, topic);
    return topic;
  }
}
