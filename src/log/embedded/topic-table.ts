import type { Database } from 'better-sqlite3';
import { crc32 } from 'node:zlib';
import { ServiceError } from '../../base/errors.ts';
import { MAX_SLOT, SLOT_SIZE } from './log-database.ts';
import type { OpenOptions, PartitionState } from './protocol.ts';

export interface Topic {
  id: number;
  partitions: Partition[];
}

/** The state of a partition in the file, cached in memory and updated after each commit. */
export interface Partition extends PartitionState {
  slot: number;
  number: number;
  topic: string;
  topicId: number;
  /** false if no group consumes the topic; retention then depends on age alone */
  isConsumed: boolean;
  /**
   * Retention keeps the records from this offset on. 0 until the consumer of this process has said where it begins:
   * `committed` may be ahead of a store that was restored.
   */
  consumed: number;
}

/** The partition of the records with this key. Records without a key go to the first. */
export function partitionOf(partitions: readonly Partition[], key: Buffer | null): Partition {
  return partitions[key === null ? 0 : crc32(key) % partitions.length] as Partition;
}

type TopicOptions = Pick<OpenOptions, 'groupId' | 'partitions' | 'followedTopics'>;

/** The topics of the log. The first use of a topic creates it. */
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

  partitions(): Partition[] {
    return [...this.#topics.values()].flatMap((topic) => topic.partitions);
  }

  #create(name: string): Topic {
    const insert = () => {
      const id = Number(this.#db.prepare('INSERT INTO topics (name) VALUES (?)').run(name).lastInsertRowid);
      const addPartition = this.#db.prepare('INSERT INTO partitions (topic, number) VALUES (?, ?)');
      for (let number = 0; number < this.#options.partitions; number++) {
        if (Number(addPartition.run(id, number).lastInsertRowid) <= MAX_SLOT) continue;
        const detail = `Topic ${name} cannot be created: the topics of an embedded event log have at most ${MAX_SLOT} partitions in total.`;
        throw new ServiceError('log-unavailable', detail);
      }
      return id;
    };
    return this.#load(this.#db.transaction(insert)(), name);
  }

  #load(id: number, name: string): Topic {
    const { groupId, followedTopics = [] } = this.#options;
    const partitions = this.#db
      .prepare<[string, number], PartitionRow>(SELECT_PARTITIONS)
      .all(groupId, id)
      .map(({ committed, ...row }) => {
        const isConsumed = !followedTopics.includes(name);
        return {
          ...row,
          committed: committed ?? undefined,
          topic: name,
          topicId: id,
          isConsumed,
          consumed: 0,
        };
      });
    const topic = { id, partitions };
    this.#topics.set(name, topic);
    return topic;
  }
}

interface PartitionRow {
  slot: number;
  number: number;
  start: number;
  end: number;
  committed: number | null;
}

const SELECT_PARTITIONS = `
  SELECT partitions.slot, number, start, next_offset AS committed, coalesce(
    (SELECT id + count FROM chunks WHERE id >= partitions.slot * ${SLOT_SIZE} AND id < (partitions.slot + 1) * ${SLOT_SIZE}
     ORDER BY id DESC LIMIT 1) - partitions.slot * ${SLOT_SIZE},
    start
  ) AS "end"
  FROM partitions LEFT JOIN group_offsets ON group_offsets.slot = partitions.slot AND group_id = ?
  WHERE topic = ? ORDER BY number`;
