/** More would make the groups smaller. */
const MAX_GROUPS_IN_FLIGHT = 2;

/** A broker that takes longer to acknowledge gets the next group anyway, so that no record waits for much longer than this. */
export const MAX_WAIT_MS = 100;

/** Records that were sent together and are not settled yet. */
export interface Group {
  readonly lane: Lane;
  unsettled: number;
}

/** The records for the partitions that one broker leads. */
interface Lane {
  broker: number;
  waiting: number[];
  /** when the oldest record began to wait, milliseconds */
  since: number;
  groupsInFlight: number;
  /** how many records the latest group has */
  lastSize: number;
  isScheduled: boolean;
}

/**
 * Sends the records of one moment together (group commit). While a group is on its way to a broker, further records wait, and go
 * out together once it is acknowledged, or as soon as they are as many as the group in flight. So a record does not wait for a single
 * one before it, and under load groups grow. When a broker is idle, a record goes out at the end of the turn of the event loop, with
 * all others of that turn; no timer delays it. Each broker has a lane of its own, so that a slow one does not hold up the others.
 * Within a lane, records keep their order.
 */
export class GroupCommit {
  readonly #send: (slot: number, group: Group) => void;
  readonly #onSent: (broker: number) => void;
  readonly #now: () => number;
  /** by the broker that leads the record's partition */
  readonly #lanes = new Map<number, Lane>();
  #waiting = 0;

  /**
   * @param send sends a record; its group must get `settle` once it is acknowledged, refused, or given up
   * @param onSent the records that waited for this broker were sent
   * @param now monotonic, milliseconds
   */
  constructor(
    send: (slot: number, group: Group) => void,
    onSent: (broker: number) => void,
    now = () => performance.now(),
  ) {
    this.#send = send;
    this.#onSent = onSent;
    this.#now = now;
  }

  /** Whether nothing is on its way to this broker, so that a record would be sent at once. */
  isIdle(broker: number): boolean {
    return (this.#lanes.get(broker)?.groupsInFlight ?? 0) === 0;
  }

  /** @param slot identifies the record */
  add(slot: number, broker: number): void {
    const lane = this.#laneOf(broker);
    if (lane.waiting.length === 0) lane.since = this.#now();
    lane.waiting.push(slot);
    this.#waiting += 1;
    if (lane.isScheduled || !mustSend(lane)) return;
    lane.isScheduled = true;
    setImmediate(() => {
      lane.isScheduled = false;
      this.#sendGroup(lane);
    });
  }

  /** A record of the group was acknowledged, refused, or given up. */
  settle(group: Group): void {
    group.unsettled -= 1;
    if (group.unsettled > 0) return;
    group.lane.groupsInFlight -= 1;
    if (!group.lane.isScheduled) this.#sendGroup(group.lane);
  }

  /** Sends the records that have waited for too long. Call it often while records are pending. */
  sendOverdue(): void {
    if (this.#waiting === 0) return;
    const oldest = this.#now() - MAX_WAIT_MS;
    for (const lane of this.#lanes.values()) if (lane.since < oldest) this.#sendGroup(lane);
  }

  /** Sends all records that wait. Afterwards a record may use another lane than earlier ones of its key did. */
  sendAll(): void {
    for (const lane of this.#lanes.values()) this.#sendGroup(lane);
  }

  #sendGroup(lane: Lane): void {
    const slots = lane.waiting;
    if (slots.length === 0) return;
    lane.waiting = [];
    lane.groupsInFlight += 1;
    lane.lastSize = slots.length;
    this.#waiting -= slots.length;
    const group = { lane, unsettled: slots.length };
    for (const slot of slots) this.#send(slot, group);
    this.#onSent(lane.broker);
  }

  #laneOf(broker: number): Lane {
    let lane = this.#lanes.get(broker);
    if (lane === undefined) {
      lane = { broker, waiting: [], since: 0, groupsInFlight: 0, lastSize: 0, isScheduled: false };
      this.#lanes.set(broker, lane);
    }
    return lane;
  }
}

function mustSend({ waiting, groupsInFlight, lastSize }: Lane): boolean {
  if (groupsInFlight === 0) return true;
  return groupsInFlight < MAX_GROUPS_IN_FLIGHT && waiting.length >= lastSize;
}
