import { pause } from './abort.ts';
import type { Behaviour } from './behaviour.ts';
import type { Client } from './client.ts';
import { drillNow } from './drill-clock.ts';
import type { Fault } from './fault.ts';
import { HttpClient, RequestError } from './http-client.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { placeOrder } from './place-order.ts';

/** Beyond the numbers of the load, so that every order has its own. */
const FIRST_NUMBER = 100_000_000;

/** Few enough that free slots are left for other calls. */
const SLOW_EVERY_MS = 250;
const SLOW_MS = { from: 3_500, more: 1_500 };

const POLL_MS = 500;

/** An order that still kills the process after this time is a finding. */
const MAX_KILLING_MS = 180_000;

export interface LoadFaultParts {
  client: Client;
  ledger: Ledger;
  addresses: () => readonly string[];
  /** resolves when no service isolates orders @throws Error when that takes too long */
  untilNoneIsolated: (signal: AbortSignal) => Promise<void>;
}

/** The faults that are orders themselves. */
export function loadFaults(parts: LoadFaultParts): Fault[] {
  let number = FIRST_NUMBER;
  const place = async (behaviour: Behaviour): Promise<LedgerEntry> => {
    const entry = parts.ledger.open(number++, behaviour);
    const plan = { number: entry.number, behaviour, isKeyed: false, isRepeated: false, transitions: [] };
    await placeOrder(parts.client, entry, plan);
    return entry;
  };
  return [slowCallsFault(place, parts), killInCallFault(place, parts)];
}

type Place = (behaviour: Behaviour) => Promise<LedgerEntry>;

/** A third of the time is calm; then orders come whose calls take seconds; in the last third the last of these end. */
function slowCallsFault(place: Place, { ledger, untilNoneIsolated }: LoadFaultParts): Fault {
  return {
    kind: 'slow-calls',
    async inject({ durationMs }, signal) {
      // Isolated orders wait for slow calls, as documented.
      await untilNoneIsolated(signal);
      const calmFrom = drillNow();
      await pause(durationMs / 3, signal);
      const from = drillNow();
      const placed: Promise<LedgerEntry>[] = [];
      while (drillNow() < from + durationMs / 3 && !signal.aborted) {
        placed.push(place({ kind: 'slow', workMs: SLOW_MS.from + ((placed.length * 500) % SLOW_MS.more) }));
        await pause(SLOW_EVERY_MS, signal);
      }
      await Promise.all(placed);
      await pause(calmFrom + durationMs - drillNow(), signal);
      ledger.slowWindows.push({ calmFrom, from, until: drillNow() });
    },
  };
}

/** Places an order whose call kills the process, and waits until it is given up, which thousands of orders may precede. */
function killInCallFault(place: Place, { addresses }: LoadFaultParts): Fault {
  return {
    kind: 'kill-in-call',
    async inject(_planned, signal) {
      const until = drillNow() + MAX_KILLING_MS;
      const { ids } = await place({ kind: 'killer' });
      const http = new HttpClient({ maxConnections: 1, timeoutMs: 1_000 });
      try {
        while (drillNow() < until && !signal.aborted && !(await hasFailed(ids[0], http, addresses()[0]))) {
          await pause(POLL_MS, signal);
        }
      } finally {
        http.close();
      }
    },
  };
}

async function hasFailed(
  id: string | undefined,
  http: HttpClient,
  address: string | undefined,
): Promise<boolean> {
  if (id === undefined || address === undefined) return false;
  try {
    const { body } = await http.get(`${address}/v1/orders/${id}`);
    return (body as { status?: string }).status === 'failed';
  } catch (error) {
    // The process is down again.
    if (!(error instanceof RequestError)) throw error;
    return false;
  }
}
