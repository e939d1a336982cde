import { setTimeout as delay } from 'node:timers/promises';
import { barChart } from '../support/chart.ts';
import { withFolder } from '../support/folders.ts';
import type { Experiment, Row, Size } from './experiment.ts';
import { KafkaPair } from './support/kafka-pair.ts';
import { keysOf } from './support/read-partition.ts';
import { Sender, type Acknowledgement, type FullSpeed } from './support/sender.ts';

const CHART_TITLE = 'Acknowledged orders that a crash loses';

const SIZES = {
  full: { milliseconds: 1_500, rate: 400 },
  tiny: { milliseconds: 100, rate: 50 },
} satisfies Record<Size, unknown>;

const CALM_MS = 1_000;
const STOPPED_MS = 1_000;

const NAMES: Record<Acknowledgement, string> = {
  'before sending': 'at once, before sending',
  'acks=0': 'when sent (acks=0)',
  'acks=1': 'when the leader has it (acks=1)',
  'acks=all': 'when all replicas have it (acks=all)',
};
const ACKNOWLEDGEMENTS = Object.keys(NAMES) as Acknowledgement[];

/**
 * Four senders on two brokers that replicate each other. The second broker stops for a second; then the first one is killed, and
 * the senders with it. The second goes on alone: orders that were acknowledged and that it does not have are lost.
 */
export const durability: Experiment = {
  name: 'durability',
  variants: 'An order is acknowledged',
  columns: [
    { key: 'rate', title: 'orders/s, 64 at once', digits: 0 },
    { key: 'p50', title: 'p50, ms', digits: 1 },
    { key: 'p99', title: 'p99, ms', digits: 1 },
    { key: 'acknowledged', title: 'acknowledged before the crash', digits: 0 },
    { key: 'lost', title: 'of these lost', digits: 0 },
  ],
  chartTitle: CHART_TITLE,
  steps: () => ACKNOWLEDGEMENTS.length + 2,
  run: (size, onStep) => withFolder((folder) => run(folder, size, onStep)),
  chart: (rows) =>
    barChart({
      title: CHART_TITLE,
      description: 'Only acknowledgements of all replicas survive the loss of the leader.',
      unit: 'orders',
      groups: rows.map(({ variant }) => variant),
      series: [{ name: 'lost', values: rows.map(({ figures }) => ({ median: figures.lost ?? Number.NaN })) }],
    }),
};

async function run(folder: string, size: Size, onStep: () => void): Promise<Row[]> {
  const { milliseconds, rate } = SIZES[size];
  const kafka = await KafkaPair.start(folder);
  const senders = new Map<Acknowledgement, Sender>();
  try {
    const partitions = await kafka.createTopics(ACKNOWLEDGEMENTS.map(topicOf));
    onStep();
    const speeds = new Map<Acknowledgement, FullSpeed>();
    for (const acknowledgement of ACKNOWLEDGEMENTS) {
      const topic = topicOf(acknowledgement);
      const partition = partitions.get(topic) ?? 0;
      const sender = await Sender.start({ brokers: kafka.addresses, topic, partition, acknowledgement });
      senders.set(acknowledgement, sender);
      // The first run warms the brokers up.
      const speed = await sender.atFullSpeed(milliseconds);
      if (acknowledgement !== 'before sending') speeds.set(acknowledgement, speed);
      onStep();
    }
    for (const sender of senders.values()) sender.steadily(rate);
    await delay(CALM_MS);
    await kafka.loseLeader(STOPPED_MS, async () => {
      await Promise.all([...senders.values()].map((sender) => sender.kill()));
    });
    await kafka.failedOver(partitions);
    const rows: Row[] = [];
    for (const [acknowledgement, { acknowledged }] of senders) {
      const topic = topicOf(acknowledgement);
      const found = await keysOf(kafka.addresses, topic, partitions.get(topic) ?? 0);
      const lost = acknowledged.filter((id) => !found.has(id)).length;
      const figures = { ...speeds.get(acknowledgement), acknowledged: acknowledged.length, lost };
      rows.push({ variant: NAMES[acknowledgement], figures });
    }
    onStep();
    return rows;
  } finally {
    for (const sender of senders.values()) await sender.kill();
    await kafka.stop();
  }
}

function topicOf(acknowledgement: Acknowledgement): string {
  return acknowledgement.replaceAll(/[ =]/g, '-');
}
