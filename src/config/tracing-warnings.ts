import { SETTING_NAMES, settingSchema, type Settings } from './settings.ts';

/** They choose what this service does anyway, or what it does not have, and are often set for all services of a machine. */
const HARMLESS: readonly RegExp[] = [
  /^OTEL_(METRICS|LOGS)_EXPORTER=/,
  /^OTEL_PROPAGATORS=(.+,)?tracecontext(,.+)?$/,
  /^OTEL_LOG_LEVEL=/,
];

/** Whether a variable that is no setting of this service is one of OpenTelemetry whose effect someone may expect. */
export function isForeignTracingSetting(name: string, value: string): boolean {
  if (!name.startsWith('OTEL_') || value === '') return false;
  return !HARMLESS.some((pattern) => pattern.test(`${name}=${value}`));
}

const ONLY_WHEN_ON = SETTING_NAMES.filter((name) => /^OTEL_(TRACES_SAMPLER_ARG|BSP_)/.test(name));

/** Settings of tracing while it is off. */
export function tracingWarnings(settings: Settings): string[] {
  if (settings.OTEL_TRACES_EXPORTER !== 'none') return [];
  const changed = ONLY_WHEN_ON.filter((name) => settings[name] !== settingSchema(name).default);
  return changed.map((name) => `${name} has no effect: tracing is off. Set OTEL_EXPORTER_OTLP_ENDPOINT.`);
}
