import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import kafka, { type Metadata, type Producer } from 'node-rdkafka';
import { call } from '../../../src/log/kafka/client-calls.ts';
import { LINGER_MS } from '../../../src/log/kafka/client-settings.ts';
import { sampleOrder } from '../../support/sample-order.ts';
import { percentile } from './percentile.ts';

/** When the sender of an order tells its caller that all is well. */
export type Acknowledgement = 'before sending' | 'acks=0' | 'acks=1' | 'acks=all';

export interface SenderOptions {
  brokers: string;
  topic: string;
  partition: number;
  acknowledgement: Acknowledgement;
}

export interface FullSpeed {
  /** orders a second */
  rate: number;
  /** milliseconds until an order is acknowledged */
  p50: number;
  p99: number;
}

type Task = { kind: 'full speed'; milliseconds: number } | { kind: 'steadily'; rate: number };
type Report = { ready: true } | { fullSpeed: FullSpeed } | { acknowledged: string[] };

const AT_ONCE = 64;
const REPORT_EVERY_MS = 5;

/** A process that appends orders to a partition and acknowledges them to this one. */
export class Sender {
  /** the orders whose acknowledgement has arrived here */
  readonly acknowledged: string[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (report: Report) => {
      if ('acknowledged' in report) this.acknowledged.push(...report.acknowledged);
    });
  }

  static async start(options: SenderOptions): Promise<Sender> {
    const child = fork(new URL(import.meta.url), [JSON.stringify(options)], { execArgv: [] });
    const sender = new Sender(child);
    await sender.#answer();
    return sender;
  }

  /** With 64 orders on their way, each followed by the next when it is acknowledged. */
  async atFullSpeed(milliseconds: number): Promise<FullSpeed> {
    this.#child.send({ kind: 'full speed', milliseconds } satisfies Task);
    const report = await this.#answer();
    if (!('fullSpeed' in report)) throw new Error('The sender answered something else.');
    return report.fullSpeed;
  }

  /** From now on, until it is killed. @param rate orders a second */
  steadily(rate: number): void {
    this.#child.send({ kind: 'steadily', rate } satisfies Task);
  }

  /** SIGKILL. Resolves when all that it had reported has arrived. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  async #answer(): Promise<Report> {
    const exited = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`The sender exited with code ${String(code)}.`);
    });
    exited.catch(() => undefined);
    const [report] = (await Promise.race([once(this.#child, 'message'), exited])) as [Report];
    return report;
  }
}

async function serve(options: SenderOptions): Promise<void> {
  const { brokers, acknowledgement } = options;
  const waitsForAll = acknowledgement === 'acks=all' || acknowledgement === 'before sending';
  const producer = new kafka.Producer(
    { 'bootstrap.servers': brokers, 'linger.ms': LINGER_MS, 'enable.idempotence': waitsForAll, dr_cb: true },
    { acks: waitsForAll ? -1 : Number(acknowledgement.slice(-1)) },
  );
  producer.on('event.error', () => undefined);
  await call<Metadata>((done) => producer.connect({ timeout: 10_000 }, done));
  producer.setPollInterval(1);
  process.on('message', (task: Task) => {
    const work =
      task.kind === 'full speed'
        ? fullSpeed(producer, options, task.milliseconds).then((result) => report({ fullSpeed: result }))
        : steadily(producer, options, task.rate);
    work.catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
  report({ ready: true });
}

function fullSpeed(producer: Producer, options: SenderOptions, milliseconds: number): Promise<FullSpeed> {
  const sentAt = new Map<number, number>();
  const latencies: number[] = [];
  const startedAt = performance.now();
  let sent = 0;
  const send = () => {
    sent += 1;
    sentAt.set(sent, performance.now());
    produce(producer, options, `warm-${sent}`, sent);
  };
  return new Promise((resolve) => {
    const onReport = (_error: unknown, { opaque }: { opaque?: number }) => {
      const now = performance.now();
      latencies.push(now - (sentAt.get(opaque ?? 0) ?? Number.NaN));
      sentAt.delete(opaque ?? 0);
      if (now - startedAt < milliseconds) send();
      else if (sentAt.size === 0) {
        producer.off('delivery-report', onReport);
        const rate = (latencies.length * 1_000) / (now - startedAt);
        resolve({ rate, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) });
      }
    };
    producer.on('delivery-report', onReport);
    for (let count = 0; count < AT_ONCE; count += 1) send();
  });
}

async function steadily(producer: Producer, options: SenderOptions, rate: number): Promise<void> {
  const isEager = options.acknowledgement === 'before sending';
  let acknowledged: string[] = [];
  const acknowledge = (index: number) => acknowledged.push(`order-${index}`);
  producer.on('delivery-report', (error: unknown, { opaque }: { opaque?: number }) => {
    if (!error && !isEager) acknowledge(opaque ?? -1);
  });
  const startedAt = performance.now();
  let sent = 0;
  for (;;) {
    for (; sent < ((performance.now() - startedAt) * rate) / 1_000; sent += 1) {
      if (isEager) acknowledge(sent);
      produce(producer, options, `order-${sent}`, sent);
    }
    if (acknowledged.length > 0) report({ acknowledged });
    acknowledged = [];
    await delay(REPORT_EVERY_MS);
  }
}

function produce(producer: Producer, { topic, partition }: SenderOptions, id: string, opaque: number): void {
  const value = Buffer.from(JSON.stringify({ id, ...sampleOrder(opaque) }));
  producer.produce(topic, partition, value, id, null, opaque);
}

function report(content: Report): void {
  process.send?.(content);
}

const [, file, options] = process.argv;
if (file !== undefined && import.meta.filename === file && options !== undefined) {
  process.once('disconnect', () => process.exit());
  await serve(JSON.parse(options) as SenderOptions);
}
