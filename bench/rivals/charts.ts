import { barChart, type Spread } from '../support/chart.ts';
import { median } from '../support/report.ts';
import type { Results, RivalResult, Samples } from './results.ts';

/** What an order costs until Kafka has it. */
export function cpuChart({ rivals }: Results): string {
  const shown = rivals.filter(({ kind, samples }) => kind !== 'store' && samples.serviceMicros.length > 0);
  return barChart({
    title: 'CPU time of an accepted order',
    description:
      'µs of the service and of the Kafka broker for each order, acks=all, 64 connections; less is better',
    unit: 'µs an order (less is better)',
    groups: shown.map(({ title }) => title.replaceAll('`', '')),
    series: [
      { name: 'service', values: spreads(shown, 'serviceMicros') },
      { name: 'broker', values: spreads(shown, 'brokerMicros') },
    ],
  });
}

/** How long clients wait at a steady rate. */
export function latencyChart({ rivals, conditions }: Results): string {
  const shown = rivals.filter(({ kind, samples }) => kind !== 'store' && samples.p50.length > 0);
  return barChart({
    title: `Latency at ${conditions.rate} orders a second`,
    description: 'p50 and p99 from the time an order was due until its answer; less is better',
    unit: 'ms (less is better)',
    groups: shown.map(({ title }) => title.replaceAll('`', '')),
    series: [
      { name: 'p50', values: spreads(shown, 'p50') },
      { name: 'p99', values: spreads(shown, 'p99') },
    ],
  });
}

function spreads(rivals: readonly RivalResult[], key: keyof Samples): (Spread | undefined)[] {
  return rivals.map(({ samples }) => {
    const values = samples[key];
    if (values.length === 0) return undefined;
    return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
  });
}
