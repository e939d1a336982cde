import { ServiceError } from "../../base/errors.js";
import { settled } from "./connection.js";
import { changeValues, deadLetterValues, moveValues, orderValues, toChange, toState, } from "./rows.js";
import { prepareStatements } from "./statements.js";
import { withWriteTurn } from "./write-turn.js";
/** Writes whole batches, one transaction each; the threads of a process take turns. */
export class SqliteBatchStore {
    #connection;
    #turn;
    #statements;
    /** The connection is closed by `close`. */
    constructor(connection, turn) {
        this.#connection = connection;
        this.#turn = turn;
        this.#statements = prepareStatements(connection);
    }
    /** Orders and progress are of one moment: what was decided on them is refused by `save` or right. */
    load(topic, partitions, orderIds) {
        const { states, progress } = this.#statements;
        const load = this.#connection.transaction(() => {
            const present = { orders: new Map(), progress: new Map() };
            for (const partition of partitions) {
                const row = progress.get(topic, partition);
                if (row !== undefined)
                    present.progress.set(partition, row.next_offset);
            }
            for (const row of states.all(JSON.stringify(orderIds)))
                present.orders.set(row.id, toState(row));
            return present;
        });
        return settled(load);
    }
    save(batch) {
        return settled(() => {
            const rows = rowsOf(batch);
            const write = this.#connection.transaction(() => {
                this.#moveProgress(batch);
                this.#write(rows);
            });
            withWriteTurn(this.#turn, () => {
                write.immediate();
            });
        });
    }
    changesCausedBy(records) {
        const { causedBy } = this.#statements;
        const look = this.#connection.transaction(() => records.flatMap(({ orderId, position }) => causedBy.all(orderId, position.partition, position.offset).map(toChange)));
        return settled(look);
    }
    close() {
        return settled(() => {
            this.#connection.close();
        });
    }
    /** Every partition that the batch was decided on must stand where it stood; none ever moves back. */
    #moveProgress({ topic, loadedProgress, nextProgress }) {
        for (const partition of new Set([...loadedProgress.keys(), ...nextProgress.keys()])) {
            const loaded = loadedProgress.get(partition);
            const next = Math.max(nextProgress.get(partition) ?? 0, loaded ?? 0);
            const moved = loaded === undefined
                ? this.#statements.startProgress.run(topic, partition, next)
                : this.#statements.moveProgress.run(next, topic, partition, loaded);
            if (moved.changes !== 1) {
                throw conflict(`partition ${partition} of ${topic} no longer stands at ${loaded ?? 'its beginning'}`);
            }
        }
    }
    #write({ placed, moved, changes, deadLetters }) {
        const { insertOrder, moveOrder, insertChange, insertDeadLetter } = this.#statements;
        for (const { id, values } of placed) {
            if (insertOrder.run(...values).changes !== 1)
                throw conflict(`order ${id} is already there`);
        }
        for (const { id, values } of moved) {
            if (moveOrder.run(...values).changes !== 1)
                throw conflict(`order ${id} has another version`);
        }
        for (const values of changes)
            insertChange.run(...values);
        for (const values of deadLetters)
            insertDeadLetter.run(...values);
    }
}
/** Made before the turn is taken, so that it is held for nothing but writing. */
function rowsOf({ topic, decision, setAside }) {
    const loadedVersion = versionsBefore(decision);
    return {
        placed: decision.placed.map((order) => ({ id: order.state.id, values: orderValues(order) })),
        moved: decision.moved.map((order) => ({
            id: order.state.id,
            values: moveValues(order, loadedVersion(order.state)),
        })),
        changes: decision.changes.map(changeValues),
        deadLetters: setAside.map((letter) => deadLetterValues(topic, letter)),
    };
}
/** The version that an order was loaded with: one below its first change in the batch. */
function versionsBefore({ changes }) {
    const first = new Map();
    for (const { orderId, version } of changes)
        if (!first.has(orderId))
            first.set(orderId, version);
    return ({ id, version }) => (first.get(id) ?? version) - 1;
}
function conflict(what) {
    return new ServiceError('progress-conflict', `Nothing was saved: ${what}. Load and decide the batch again.`);
}
//# sourceMappingURL=batch-store.js.map