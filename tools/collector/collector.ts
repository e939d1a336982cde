import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/free-ports.ts';
import { decodeJson, type ReceivedSpan } from '../support/otlp/decode.ts';
import { collectorProgram } from './program.ts';

/** A running OpenTelemetry Collector. */
export interface Collector {
  /** its OTLP/HTTP endpoint */
  url: string;
  /** What it has received so far. */
  spans: () => ReceivedSpan[];
  stop: () => Promise<void>;
}

/** @param folder for its files @throws Error if it does not listen in time */
export async function startCollector(folder: string): Promise<Collector> {
  const program = await collectorProgram((text) => console.error(text));
  const [port] = await freePorts(1);
  const received = join(folder, 'spans.jsonl');
  const settings = join(folder, 'collector.json');
  await writeFile(settings, JSON.stringify(settingsOf(`127.0.0.1:${port}`, received)));
  const child = spawn(program, ['--config', `file:${settings}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const killWithUs = (): boolean => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const exited = once(child, 'exit');
  let output = '';
  child.stderr.on('data', (data: Buffer) => (output = (output + data.toString()).slice(-4_000)));
  await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`The Collector exited:\n${output}`);
      return output.includes('Everything is ready');
    },
    { what: 'the Collector to be ready' },
  );
  return {
    url: `http://127.0.0.1:${port}`,
    spans: () => spansIn(received),
    async stop() {
      process.off('exit', killWithUs);
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function settingsOf(endpoint: string, path: string): object {
  return {
    receivers: { otlp: { protocols: { http: { endpoint } } } },
    exporters: { file: { path, flush_interval: '50ms' } },
    service: { pipelines: { traces: { receivers: ['otlp'], exporters: ['file'] } } },
  };
}

/** The file has one line for each request; the last one may be incomplete. */
function spansIn(path: string): ReceivedSpan[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.filter((line) => line !== '').flatMap(decodeJson);
}
