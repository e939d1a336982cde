import { setTimeout as delay } from 'node:timers/promises';
import { barChart } from '../support/chart.ts';
import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { withFolder } from '../support/folders.ts';
import { moveOrders, placeOrders } from '../support/many-orders.ts';
import { MeasuredProcess, SERVICE } from '../support/measured-process.ts';
import { paced } from '../support/paced.ts';
import { median } from '../support/report.ts';
import type { Experiment, Row, Size } from './experiment.ts';
import { CountingProxy } from './support/counting-proxy.ts';
import { percentile } from './support/percentile.ts';
import { SeenChanges } from './support/seen-changes.ts';
import { grpcStreams, polling, serverSentEvents, type Watch } from './support/watching.ts';

const CHART_TITLE = 'Time until a client sees a change';

const SIZES = {
  full: {
    clients: 100,
    changesPerSecond: 100,
    moves: ['preparing', 'dispatched', 'delivered'],
    warmUpOrders: 1_500,
    rounds: 3,
  },
  tiny: { clients: 4, changesPerSecond: 40, moves: ['preparing'], warmUpOrders: 0, rounds: 1 },
} satisfies Record<Size, { moves: RequestableStatus[] } & Record<string, unknown>>;

const VARIANTS = 5;

const MAX_TRIES = 100;
const PAUSE_MS = 100;

const LIMITS = { MAX_EVENT_LOOP_DELAY_MS: '0', MAX_STREAMS_PER_SECOND: '0', MAX_WATCHES_PER_CALLER: '20000' };

interface Variant {
  name: string;
  /** undefined: only the changes are made, as they are for the others too */
  watch: Watch | undefined;
}

/** Clients that each wait for the changes of one order. Every byte that they exchange with the service is counted. */
export const pollingOrStreaming: Experiment = {
  name: 'polling-or-streaming',
  variants: 'How 100 clients wait',
  columns: [
    { key: 'bytes', title: 'bytes a change', digits: 0 },
    { key: 'cpuMicros', title: 'CPU a change, µs', digits: 0 },
    { key: 'p50', title: 'until it is seen, p50 ms', digits: 1 },
    { key: 'p99', title: 'until it is seen, p99 ms', digits: 1 },
  ],
  chartTitle: CHART_TITLE,
  steps: (size) => VARIANTS * SIZES[size].rounds,
  run: (size, onStep) => withFolder((folder) => run(folder, size, onStep)),
  chart: (rows) => {
    const watched = rows.filter(({ figures }) => figures.p50 !== undefined);
    const valuesOf = (key: string) => watched.map(({ figures }) => ({ median: figures[key] ?? Number.NaN }));
    return barChart({
      title: CHART_TITLE,
      description: 'A client that polls sees a change half its interval late; streams show it at once.',
      unit: 'ms',
      groups: watched.map(({ variant }) => variant),
      series: [
        { name: 'p50', values: valuesOf('p50') },
        { name: 'p99', values: valuesOf('p99') },
      ],
    });
  },
};

async function run(folder: string, size: Size, onStep: () => void): Promise<Row[]> {
  const environment = { PORT: '0', GRPC_PORT: '0', DATA_DIR: folder, ...LIMITS };
  const service = await MeasuredProcess.start(SERVICE, ['serve'], environment);
  const http = await CountingProxy.start(portOf(service.url));
  const grpc = await CountingProxy.start(portOf(`http://${service.grpcAddress}`));
  const variants: Variant[] = [
    { name: 'nobody watches', watch: undefined },
    { name: 'REST, asked every second', watch: polling(http.address, 1_000) },
    { name: 'REST, asked every 100 ms', watch: polling(http.address, 100) },
    { name: 'server-sent events', watch: serverSentEvents(http.address) },
    { name: 'gRPC stream', watch: grpcStreams(grpc.address) },
  ];
  const samples = new Map<Variant, Sample[]>(variants.map((variant) => [variant, []]));
  try {
    const warmUp = await placeOrders(service.url, SIZES[size].warmUpOrders);
    for (const move of SIZES[size].moves) await moveOrders(service.url, warmUp, move);
    for (let round = 1; round <= SIZES[size].rounds; round += 1) {
      for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
        const sample = await measure(service, [http, grpc], variant.watch, size);
        samples.get(variant)?.push(sample);
        onStep();
      }
    }
  } finally {
    await http.stop();
    await grpc.stop();
    await service.stop();
  }
  return [...samples].map(([{ name, watch }, rounds]) => rowOf(name, rounds, watch !== undefined));
}

interface Sample {
  /** of a change, on average */
  bytes: number;
  cpuMicros: number;
  /** of each change, until its client saw it */
  milliseconds: number[];
}

function rowOf(variant: string, rounds: readonly Sample[], isWatched: boolean): Row {
  const cpuMicros = median(rounds.map((sample) => sample.cpuMicros));
  if (!isWatched) return { variant, figures: { cpuMicros } };
  const milliseconds = rounds.flatMap((sample) => sample.milliseconds);
  const figures = {
    ...{ cpuMicros, bytes: median(rounds.map((sample) => sample.bytes)) },
    ...{ p50: percentile(milliseconds, 0.5), p99: percentile(milliseconds, 0.99) },
  };
  return { variant, figures };
}

async function measure(
  service: MeasuredProcess,
  proxies: readonly CountingProxy[],
  watch: Watch | undefined,
  size: Size,
): Promise<Sample> {
  const { clients, changesPerSecond, moves } = SIZES[size];
  const orders = await placeOrders(service.url, clients);
  const seen = new SeenChanges(orders);
  const watching = await watch?.(orders, (orderId, version) => seen.seen(orderId, version));
  try {
    const changes = clients * moves.length;
    const bytesBefore = bytesOf(proxies);
    const { cpuMicros: cpuBefore } = await service.usage();
    const moved: Promise<void>[] = [];
    await paced(changes, changesPerSecond, (index) => {
      const orderId = orders[index % clients] ?? '';
      const step = Math.floor(index / clients);
      const moving = move(service.url, orderId, moves[step] ?? '').then((at) =>
        // A confirmed order has version 1.
        seen.requested(orderId, step + 2, at),
      );
      // Reported below, when all are sent.
      moving.catch(() => undefined);
      moved.push(moving);
    });
    await Promise.all(moved);
    if (watching !== undefined)
      await eventually(() => seen.milliseconds().length === changes, { what: 'every change to be seen' });
    return {
      bytes: (bytesOf(proxies) - bytesBefore) / changes,
      cpuMicros: ((await service.usage()).cpuMicros - cpuBefore) / changes,
      milliseconds: seen.milliseconds(),
    };
  } finally {
    await watching?.stop();
  }
}

/** @returns when the request that was accepted was sent; it is repeated while the move before it is not processed */
async function move(url: string, orderId: string, to: string): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const sentAt = performance.now();
    const response = await fetch(`${url}/v1/orders/${orderId}/transitions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to }),
    });
    const text = await response.text();
    if (response.status === 202) return sentAt;
    if (response.status !== 409 || tries === MAX_TRIES) throw new Error(`${response.status} ${text}`);
    await delay(PAUSE_MS);
  }
}

function bytesOf(proxies: readonly CountingProxy[]): number {
  return proxies.reduce((sum, { bytes }) => sum + bytes, 0);
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
