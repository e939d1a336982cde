import { exposedProblem } from './secret-file.ts';
import { fileProblem, ifGiven, when, type Rule } from './rule.ts';

export const TRACING_RULES: readonly Rule[] = [
  {
    about: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'OTEL_BSP_MAX_QUEUE_SIZE'],
    problem: ({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: size, OTEL_BSP_MAX_QUEUE_SIZE: waiting }) =>
      when(
        size > waiting,
        `is more than the ${waiting} spans that may wait: lower it or raise OTEL_BSP_MAX_QUEUE_SIZE`,
      ),
  },
  {
    about: ['OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', 'OTEL_EXPORTER_OTLP_CLIENT_KEY'],
    problem: ({ OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: cert, OTEL_EXPORTER_OTLP_CLIENT_KEY: key }) =>
      when(cert !== '' && key === '', 'has no key: set OTEL_EXPORTER_OTLP_CLIENT_KEY, or neither'),
  },
  {
    about: ['OTEL_EXPORTER_OTLP_CLIENT_KEY', 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE'],
    problem: ({ OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: cert, OTEL_EXPORTER_OTLP_CLIENT_KEY: key }) =>
      when(
        key !== '' && cert === '',
        'has no certificate: set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, or neither',
      ),
  },
  {
    about: ['OTEL_EXPORTER_OTLP_CERTIFICATE'],
    problem: ({ OTEL_EXPORTER_OTLP_CERTIFICATE: path }) => ifGiven(path, fileProblem),
  },
  {
    about: ['OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE'],
    problem: ({ OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: path }) => ifGiven(path, fileProblem),
  },
  {
    about: ['OTEL_EXPORTER_OTLP_CLIENT_KEY'],
    problem: ({ OTEL_EXPORTER_OTLP_CLIENT_KEY: path }) =>
      ifGiven(path, (file) => fileProblem(file) ?? exposedProblem(file)),
  },
];
