/** More than two made groups smaller; with one, records wait for a whole round trip before they are sent. */
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
  isScheduled: boolean;
}

/**
 * Sends the records of one moment together (group commit). While two groups are on their way to a broker, further records
 * wait, and go out together once a group is acknowledged. When a broker is idle, a record goes out at the end of the turn of the event
 * loop, with all others of that turn; no timer delays it. Each broker has a lane of its own, so that a slow one does not hold up
 * the others. Within a lane, records keep their order.
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

  /** Whether a record for this broker would be sent without waiting for an acknowledgement. */
  isOpen(broker: number): boolean {
    const lane = this.#lanes.get(broker);
    return lane === undefined || lane.groupsInFlight < MAX_GROUPS_IN_FLIGHT;
  }

  /** @param slot identifies the record */
  add(slot: number, broker: number): void {
    const lane = this.#laneOf(broker);
    if (lane.waiting.length === 0) lane.since = this.#now();
    lane.waiting.push(slot);
    this.#waiting += 1;
    if (lane.isScheduled || lane.groupsInFlight >= MAX_GROUPS_IN_FLIGHT) return;
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
    this.#waiting -= slots.length;
    const group = { lane, unsettled: slots.length };
    for (const slot of slots) this.#send(slot, group);
    this.#onSent(lane.broker);
  }

  #laneOf(broker: number): Lane {
    let lane = this.#lanes.get(broker);
    if (lane === undefined) {
      lane = { broker, waiting: [], since: 0, groupsInFlight: 0, isScheduled: false };
      this.#lanes.set(broker, lane);
    }
    return lane;
  }
}
