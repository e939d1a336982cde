import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { toError } from '../base/errors.ts';
import { parseDatabaseUrl } from './database-target.ts';
import { IDENTITY_RULES } from './identity-rules.ts';
import { fileProblem, ifGiven, statOf, when, type Rule } from './rule.ts';
import { exposedProblem, readSecret } from './secret-file.ts';
import { TRACING_RULES } from './tracing-rules.ts';

export const RULES: readonly Rule[] = [
  {
    about: ['EVENT_LOG', 'KAFKA_BROKERS'],
    problem: ({ EVENT_LOG, KAFKA_BROKERS }) =>
      when(
        EVENT_LOG === 'kafka' && KAFKA_BROKERS === '',
        'needs brokers: set KAFKA_BROKERS to host:port pairs',
      ),
  },
  {
    about: ['ROLE', 'EVENT_LOG'],
    problem: ({ ROLE, EVENT_LOG }) =>
      when(
        ROLE !== 'all' && EVENT_LOG === 'embedded',
        'needs an event log that several processes share, but EVENT_LOG is embedded: set KAFKA_BROKERS, or use the role all',
      ),
  },
  {
    about: ['GRPC_PORT', 'PORT'],
    problem: ({ GRPC_PORT, PORT }) =>
      when(GRPC_PORT === PORT && PORT !== 0, 'is also the port of HTTP: change PORT or GRPC_PORT'),
  },
  {
    about: ['ADMIN_PORT', 'PORT', 'GRPC_PORT'],
    problem: ({ ADMIN_PORT, PORT, GRPC_PORT }) =>
      when(
        ADMIN_PORT !== 0 && [PORT, GRPC_PORT].includes(ADMIN_PORT),
        'is also the port of HTTP or gRPC: give operators a port of their own',
      ),
  },
  {
    about: ['GRPC_TLS_CERT', 'GRPC_TLS_KEY'],
    problem: ({ GRPC_TLS_CERT, GRPC_TLS_KEY }) =>
      when(GRPC_TLS_CERT !== '' && GRPC_TLS_KEY === '', 'has no key: set GRPC_TLS_KEY, or neither'),
  },
  {
    about: ['GRPC_TLS_KEY', 'GRPC_TLS_CERT'],
    problem: ({ GRPC_TLS_CERT, GRPC_TLS_KEY }) =>
      when(GRPC_TLS_KEY !== '' && GRPC_TLS_CERT === '', 'has no certificate: set GRPC_TLS_CERT, or neither'),
  },
  { about: ['GRPC_TLS_CERT'], problem: ({ GRPC_TLS_CERT }) => ifGiven(GRPC_TLS_CERT, fileProblem) },
  { about: ['GRPC_TLS_KEY'], problem: ({ GRPC_TLS_KEY }) => ifGiven(GRPC_TLS_KEY, secretFileProblem) },
  {
    about: ['GRPC_TLS_CERT', 'GRPC_TLS_KEY'],
    problem: ({ GRPC_TLS_CERT: cert, GRPC_TLS_KEY: key }) => {
      const areFiles = [cert, key].every((path) => path !== '' && fileProblem(path) === undefined);
      return areFiles ? tlsProblem(cert, key) : undefined;
    },
  },
  {
    about: ['ORDER_RETENTION_DAYS', 'LOG_RETENTION_MS'],
    problem: ({ ORDER_RETENTION_DAYS: days, LOG_RETENTION_MS: logMs, EVENT_LOG }) =>
      when(
        EVENT_LOG === 'embedded' && days > 0 && days * 86_400_000 < logMs,
        'is shorter than LOG_RETENTION_MS: an idempotency key would still find the record of a deleted order. Raise it, or lower LOG_RETENTION_MS',
      ),
  },
  { about: ['PROCESSOR'], problem: ({ PROCESSOR }) => ifGiven(PROCESSOR, fileProblem) },
  { about: ['DATA_DIR'], problem: ({ DATA_DIR }) => folderProblem(DATA_DIR) },
  { about: ['DATABASE_URL'], problem: ({ DATABASE_URL }) => databaseProblem(DATABASE_URL) },
  {
    about: ['DATABASE_PASSWORD_FILE'],
    problem: ({ DATABASE_PASSWORD_FILE }) => ifGiven(DATABASE_PASSWORD_FILE, passwordFileProblem),
  },
  { about: ['TRUST_PROXY'], problem: ({ TRUST_PROXY }) => ifGiven(TRUST_PROXY, proxyProblem) },
  { about: ['CORS_ORIGINS'], problem: ({ CORS_ORIGINS }) => ifGiven(CORS_ORIGINS, originProblem) },
  { about: ['KAFKA_BROKERS'], problem: ({ KAFKA_BROKERS }) => brokerProblem(KAFKA_BROKERS) },
  ...IDENTITY_RULES,
  ...TRACING_RULES,
];

function databaseProblem(url: string): string | undefined {
  const target = parseDatabaseUrl(url);
  if ('problem' in target) return target.problem;
  if (target.kind === 'postgres') return undefined;
  const problem = fileProblem(target.path);
  return problem?.startsWith('is a folder') === true ? problem : undefined;
}

function proxyProblem(list: string): string | undefined {
  const wrong = list.split(',').find((entry) => !isNetwork(entry));
  return when(
    wrong !== undefined,
    `contains ${JSON.stringify(wrong)}, which is neither an address nor a network: give, for example, 10.0.0.0/8,::1`,
  );
}

function isNetwork(entry: string): boolean {
  const [address = '', bits, more] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** Browsers send an origin in one form only, and the service compares text. */
function originProblem(list: string): string | undefined {
  const wrong = list.split(',').find((entry) => !URL.canParse(entry) || new URL(entry).origin !== entry);
  return when(
    wrong !== undefined,
    `contains ${JSON.stringify(wrong)}, which no browser sends: give scheme and host, without the default port, such as https://shop.example`,
  );
}

function brokerProblem(brokers: string): string | undefined {
  const wrong = brokers.split(',').find((broker) => Number(/\d+$/.exec(broker)?.[0] ?? 1) > 65_535);
  return when(
    wrong !== undefined,
    `contains ${JSON.stringify(wrong)}, whose port is out of range: give ports from 1 to 65535`,
  );
}

function secretFileProblem(path: string): string | undefined {
  return fileProblem(path) ?? exposedProblem(path);
}

function passwordFileProblem(path: string): string | undefined {
  const problem = secretFileProblem(path);
  if (problem !== undefined) return problem;
  const read = readSecret(path);
  return 'problem' in read ? read.problem : undefined;
}

/** Why a path cannot be used as a folder; undefined if it can. The folder need not exist yet. */
function folderProblem(path: string): string | undefined {
  const found = statOf(path);
  if (typeof found === 'string') return found;
  return found === undefined || found.isDirectory()
    ? undefined
    : 'is not a folder: give the path of a folder';
}

/** Why the two files are not a certificate chain and its private key; undefined if they are. */
function tlsProblem(certPath: string, keyPath: string): string | undefined {
  try {
    createSecureContext({ cert: readFileSync(certPath), key: readFileSync(keyPath) });
    return undefined;
  } catch (error) {
    return `is not a certificate for the key in GRPC_TLS_KEY (${toError(error).message}): give both as PEM files`;
  }
}
