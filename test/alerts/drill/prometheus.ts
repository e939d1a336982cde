import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readRuleFiles } from '../../../tools/prometheus/rules.ts';
import { scaleRules } from '../../../tools/prometheus/scale.ts';
import { freePorts } from '../../../tools/support/free-ports.ts';
import { waitUntil } from '../../../tools/support/wait-until.ts';

export interface PrometheusOptions {
  folder: string;
  /** ranges and pending times of the rules are divided by it; 1: the rules as they are */
  scale: number;
  scrapeMs: number;
  /** host:port of each replica */
  targets: readonly string[];
}

export interface ActiveAlert {
  /** name and severity, such as `InstanceDown page` */
  id: string;
  labels: Record<string, string>;
  state: 'pending' | 'firing';
}

/** A real Prometheus with the rules of deploy/prometheus, on a free port of 127.0.0.1. */
export class Prometheus {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** @throws Error if it does not evaluate its rules within 30 s */
  static async start({ folder, scale, scrapeMs, targets }: PrometheusOptions): Promise<Prometheus> {
    await mkdir(join(folder, 'rules'), { recursive: true });
    for (const [name, file] of readRuleFiles()) {
      const rules = scale === 1 ? file : scaleRules(file, scale);
      await writeFile(join(folder, 'rules', name), stringify(rules, { lineWidth: 0 }));
    }
    const interval = `${scrapeMs}ms`;
    const config = {
      global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
      rule_files: ['rules/*.yml'],
      scrape_configs: [{ job_name: 'order-system', static_configs: [{ targets }] }],
    };
    await writeFile(join(folder, 'prometheus.yml'), stringify(config));
    const [port = 0] = await freePorts(1);
    const options = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ];
    const child = spawn('prometheus', options, { stdio: ['ignore', 'ignore', 'inherit'] });
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    await once(child, 'spawn');
    const prometheus = new Prometheus(child, `http://127.0.0.1:${port}`);
    const isReady = await waitUntil(() => prometheus.#isReady(), { deadlineMs: 30_000, everyMs: 200 });
    if (!isReady) throw new Error('Prometheus did not become ready within 30 s.');
    return prometheus;
  }

  async alerts(): Promise<ActiveAlert[]> {
    const response = await fetch(`${this.url}/api/v1/alerts`, { signal: AbortSignal.timeout(10_000) });
    const { data } = (await response.json()) as {
      data: { alerts: { labels: Record<string, string>; state: 'pending' | 'firing' }[] };
    };
    return data.alerts.map(({ labels, state }) => ({
      id: `${labels.alertname ?? ''} ${labels.severity ?? ''}`,
      labels,
      state,
    }));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(timer);
  }

  async #isReady(): Promise<boolean> {
    const response = await fetch(`${this.url}/-/ready`).catch(() => undefined);
    return response?.ok === true;
  }
}
