import { costOfAccepting, placeOrders, type AcceptCost, type Accepting, type Load } from './accepting.ts';
import { ratios, spreadOf, type Chart, type Measured } from './report.ts';
import { inRounds } from './rounds.ts';

/** One way of placing orders, measured in every round. */
export interface AcceptCase extends Accepting {
  name: string;
  load: Load;
  costs: AcceptCost[];
}

export interface Comparison {
  ours: AcceptCase;
  reference: AcceptCase;
  /** what the ratio says, such as `to the bare route` */
  unit: string;
  of: 'cpuMicros' | 'ordersPerSecond' | 'brokerCpuMicros';
  target?: string;
  /** set if the ratio is steady enough for `bench:check` */
  better?: 'higher' | 'lower';
}

/** Of batches with single orders, over all their connections. */
export const BATCH_COMPARISON = {
  of: 'ordersPerSecond',
  unit: 'times the orders/s of single',
  target: '≥ 5',
  better: 'higher',
} as const;

const WARM_UP_ORDERS = 5_000;

const hasBroker = (each: AcceptCase) => each.broker !== undefined;

export async function measureCases(cases: readonly AcceptCase[], rounds: number): Promise<void> {
  for (const { process, load } of cases) {
    await placeOrders(process.url, { ...load, orders: Math.min(WARM_UP_ORDERS, load.orders) }, () =>
      Promise.resolve(),
    );
  }
  await inRounds(rounds, async () => {
    for (const each of cases) each.costs.push(await costOfAccepting(each, each.load));
  });
}

export function rowsOfCases(cases: readonly AcceptCase[], comparisons: readonly Comparison[]): Measured[] {
  return [
    ...cases.map((each) => row(each, 'cpuMicros', 'µs CPU an order', 1)),
    ...comparisons.map(({ ours, reference, of, ...rest }) => ({
      ...{ ...rest, name: ours.name, digits: 2 },
      samples: ratios(samplesOf(ours, of), samplesOf(reference, of)),
    })),
    ...cases.filter(hasBroker).map((each) => row(each, 'brokerCpuMicros', 'µs CPU an order, broker', 1)),
    ...cases.map((each) => row(each, 'ordersPerSecond', 'orders/s', 0)),
    ...cases.map((each) => row(each, 'p50', 'ms a request, p50', 0)),
    ...cases.map((each) => row(each, 'p99', 'ms a request, p99', 0)),
    ...cases.map((each) => ({
      ...{ name: each.name, unit: 'MiB RSS', digits: 0 },
      samples: samplesOf(each, 'rssBytes').map((bytes) => bytes / 2 ** 20),
    })),
  ];
}

/** CPU time per order of the serving process, and of the broker if there is one. */
export function chartOfCases(
  cases: readonly AcceptCase[],
  { title, description }: { title: string; description: string },
): Chart {
  const spreads = (of: keyof AcceptCost, isMeasured: (each: AcceptCase) => boolean) =>
    cases.map((each) => (isMeasured(each) ? spreadOf(samplesOf(each, of)) : undefined));
  const series = [{ name: 'serving process', values: spreads('cpuMicros', () => true) }];
  if (cases.some(hasBroker)) series.push({ name: 'Kafka', values: spreads('brokerCpuMicros', hasBroker) });
  const groups = cases.map(({ name }) => name);
  return { kind: 'bars', title, description, unit: 'µs CPU an order', groups, series };
}

function row(each: AcceptCase, of: keyof AcceptCost, unit: string, digits: number): Measured {
  return { name: each.name, unit, digits, samples: samplesOf(each, of) };
}

function samplesOf({ costs }: AcceptCase, of: keyof AcceptCost): number[] {
  return costs.map((cost) => cost[of]);
}
