import { ServiceError } from "../../base/errors.js";
import { MAX_SLOT, SLOT_SIZE } from "./log-database.js";
/** The topics of the log; one is created when it is first used. */
export class TopicTable {
    #db;
    #options;
    #topics = new Map();
    constructor(db, options) {
        this.#db = db;
        this.#options = options;
        const rows = db.prepare('SELECT id, name FROM topics').all();
        for (const { id, name } of rows)
            this.#load(id, name);
    }
    use(name) {
        return this.#topics.get(name) ?? this.#create(name);
    }
    all() {
        return [...this.#topics.values()];
    }
    #create(name) {
        const insert = () => {
            const id = Number(this.#db.prepare('INSERT INTO topics (name) VALUES (?)').run(name).lastInsertRowid);
            const addPartition = this.#db.prepare('INSERT INTO partitions (topic, number) VALUES (?, ?)');
            for (let number = 0; number < this.#options.partitions; number++) {
                if (Number(addPartition.run(id, number).lastInsertRowid) <= MAX_SLOT)
                    continue;
                const detail = `Topic ${name} cannot be created: an embedded event log has at most ${MAX_SLOT} partitions in all topics together.`;
                throw new ServiceError('log-unavailable', detail);
            }
            return id;
        };
        return this.#load(this.#db.transaction(insert)(), name);
    }
    #load(id, name) {
        const { groupId, followedTopics } = this.#options;
        const rows = this.#db.prepare('SELECT slot, number, start FROM partitions WHERE topic = ? ORDER BY number');
        const end = this.#db
            .prepare('SELECT id + count - ? FROM chunks WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1')
            .pluck();
        const committed = this.#db
            .prepare('SELECT next_offset FROM group_offsets WHERE group_id = ? AND slot = ?')
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
//# sourceMappingURL=topic-table.js.map