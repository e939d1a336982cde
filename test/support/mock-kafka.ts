import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { eventually } from '../../tools/support/eventually.ts';

/**
 * librdkafka's mock cluster of one broker in a process of its own, so that it can be killed and frozen. It keeps
 * about 5 MB a partition, and a topic has four partitions.
 */
export class MockKafka {
  readonly brokers: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, brokers: string) {
    this.#process = process;
    this.brokers = brokers;
  }

  static async start(): Promise<MockKafka> {
    const child = fork(new URL('./mock-kafka-process.js', import.meta.url));
    const [{ brokers }] = (await once(child, 'message')) as [{ brokers: string }];
    return new MockKafka(child, brokers);
  }

  async createTopics(...topics: string[]): Promise<void> {
    for (const topic of topics) {
      this.#process.send({ topic });
      await this.#answerTo(topic);
    }
  }

  /** Freezes the broker: connections stay open, but it answers nothing. */
  async freeze(): Promise<void> {
    this.#process.kill('SIGSTOP');
    await eventually(() => isStopped(this.#process.pid ?? 0), { what: 'the mock cluster to freeze' });
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  async #answerTo(topic: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const listen = (answer: { topic: string; error?: string }) => {
        if (answer.topic !== topic) return;
        this.#process.off('message', listen);
        if (answer.error === undefined) resolve();
        else reject(new Error(`The mock cluster did not create ${topic}: ${answer.error}`));
      };
      this.#process.on('message', listen);
    });
  }
}

/** A signal takes effect some time after it is sent. */
function isStopped(pid: number): boolean {
  if (process.platform === 'linux') return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T');
}
