import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { settingSchema } from '../../src/config/settings.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { commandsOf } from './commands.ts';
import { ROOT } from './markdown.ts';

const read = (path: string): string => readFileSync(ROOT + path, 'utf8');

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Every setting of the service, as `.env.example` lists them. */
export const SETTINGS = new Set(
  [...read('.env.example').matchAll(/^#([A-Z_]+)(?:\*)?=/gm)].map(([, name]) => name ?? ''),
);

/** What compose.yaml takes from the environment. */
export const COMPOSE_VARIABLES = new Set(
  [...`${read('compose.yaml')}${read('compose.tls.yaml')}`.matchAll(/\$\{([A-Z_]+)/g)].map(
    ([, name]) => name ?? '',
  ),
);

/** Whether a variable means something to the service or to compose.yaml. */
export function isKnownVariable(name: string): boolean {
  const isPassedOn = ['KAFKA_SASL_', 'KAFKA_SSL_', 'PROCESSOR_ENV_'].some((prefix) =>
    name.startsWith(prefix),
  );
  return isPassedOn || SETTINGS.has(name) || COMPOSE_VARIABLES.has(name) || OF_COMMANDS.has(name);
}

/** Read by commands that ask a running service, and by tests; the service itself takes no notice of them. */
const OF_COMMANDS = new Set(['ORDER_SYSTEM_TOKEN', 'ORDER_SYSTEM_TOKEN_FILE', 'TEST_COMMAND']);

/** What is wrong with the commands of a block that is not run: programs, scripts, options, settings and files. */
export function faultsOfCommands(code: string): string[] {
  return commandsOf(code).flatMap((command) => [
    ...Object.keys(command.environment)
      .filter((name) => !isKnownVariable(name))
      .map((name) => `${name} is neither a setting nor a variable of compose.yaml`),
    ...faultsOfCommand(command.words),
    ...missingFiles(command.words),
  ]);
}

/** What `.ci/run` does not do of a block that says it does. */
export function notInCi(code: string): string[] {
  const lines = read('.ci/run')
    .split('\n')
    .map((line) => line.trim());
  return commandsOf(code)
    .map(({ words }) => words.join(' '))
    .filter((command) => command !== 'npm start' && !lines.includes(command))
    .map((command) => `.ci/run does not run "${command}"`);
}

function faultsOfCommand(words: readonly string[]): string[] {
  const [program = '', ...rest] = words;
  switch (program) {
    case '':
    case 'curl':
    case 'grpcurl':
    case 'h2spec':
    case 'pg_dump':
    case 'pg_restore':
    case 'schemathesis':
      return [];
    case 'npm':
      return faultsOfNpm(rest);
    case 'npx':
      return existsSync(`${ROOT}node_modules/.bin/${rest[0] ?? ''}`)
        ? []
        : [`there is no program ${rest[0] ?? ''}`];
    case 'node':
      return faultsOfNode(rest);
    case 'dist/bin/order-system':
      return faultsOfNode(['dist/src/main.js', ...rest]);
    case 'docker':
      return faultsOfDocker(rest);
    case 'helm':
      return faultsOfHelm(rest);
    case 'kubectl':
      return rest.includes('--') ? faultsOfCommand(rest.slice(rest.indexOf('--') + 1)) : [];
    case '/opt/kafka/bin/kafka-topics.sh':
      return faultsOfKafkaTopics(rest);
    case '/opt/kafka/bin/kafka-configs.sh':
    case '/opt/kafka/bin/kafka-consumer-groups.sh':
      return faultsOfKafkaScript(program, rest);
    default:
      return [`${program} is not a program that documents use`];
  }
}

function faultsOfNpm([verb = '', ...rest]: string[]): string[] {
  if (verb === 'ci') return [];
  const words = rest.filter((word) => word !== '-s' && word !== '--');
  const [name = '', ...options] = verb === 'run' ? words : [verb, ...words];
  const script = scripts[name];
  if (script === undefined) return [`package.json has no script ${name}`];
  // npm adds the options to the end of the script.
  const target = [...script.matchAll(/dist\/\S+\.js/g)].at(-1)?.[0];
  return options.length === 0 || target === undefined ? [] : faultsOfNode([target, ...options]);
}

function faultsOfNode([file = '', ...rest]: string[]): string[] {
  if (file.endsWith('.mjs') && existsSync(ROOT + file)) return [];
  const source = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
  if (!file.startsWith('dist/') || !existsSync(ROOT + source)) return [`there is no ${source}`];
  const options = rest
    .filter((word) => word.startsWith('--') && word !== '--')
    .map((word) => word.split('=')[0] ?? '');
  if (options.length === 0 && !file.endsWith('main.js')) return [];
  const known = helpOf([file, ...subcommand(rest)]);
  if (known === undefined) return [`${[file, ...subcommand(rest)].join(' ')} is no command`];
  return options
    .filter((option) => !known.includes(`${option} `) && !known.includes(`${option}\n`))
    .map((option) => `${[file, ...subcommand(rest)].join(' ')} has no option ${option}`);
}

function subcommand(words: readonly string[]): string[] {
  const end = ['dead-letters', 'keys'].includes(words[0] ?? '') ? 2 : 1;
  return words.slice(0, end).filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith('-'));
}

const helpTexts = new Map<string, string | undefined>();

/** Undefined when the program does not know the command: it then shows the help of all commands, or fails. */
function helpOf(words: readonly string[]): string | undefined {
  const key = words.join(' ');
  if (!helpTexts.has(key)) {
    const { status, stdout } = spawnSync(process.execPath, [...words, '--help'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const isMeant = stdout.split('\n')[0]?.includes(words.slice(1).join(' ')) === true;
    helpTexts.set(key, status === 0 && isMeant ? stdout : undefined);
  }
  return helpTexts.get(key);
}

/** The options of Kafka's script that the documents use. */
const KAFKA_TOPICS_OPTIONS = ['--bootstrap-server', '--describe', '--alter', '--topic', '--partitions'];

function faultsOfKafkaTopics(words: readonly string[]): string[] {
  const topic = words[words.indexOf('--topic') + 1] ?? '';
  return [
    ...words
      .filter((word) => word.startsWith('--') && !KAFKA_TOPICS_OPTIONS.includes(word))
      .map((option) => `kafka-topics.sh: ${option} is not an option that documents use`),
    ...(Object.values<string>(TOPICS).includes(topic) ? [] : [`there is no topic ${topic}`]),
  ];
}

/** The options of Kafka's other scripts that the documents use. */
const KAFKA_OPTIONS: Record<string, readonly string[]> = {
  '/opt/kafka/bin/kafka-configs.sh': ['--alter', '--entity-type', '--entity-name', '--add-config'],
  '/opt/kafka/bin/kafka-consumer-groups.sh': ['--describe', '--group'],
};

function faultsOfKafkaScript(script: string, words: readonly string[]): string[] {
  const known = ['--bootstrap-server', ...(KAFKA_OPTIONS[script] ?? [])];
  const group = words[words.indexOf('--group') + 1] ?? '';
  if (words.includes('--group') && group !== settingSchema('KAFKA_GROUP_ID').default) {
    return [`${group} is not the default of KAFKA_GROUP_ID`];
  }
  return words
    .filter((word) => word.startsWith('--') && !known.includes(word))
    .map((option) => `${script}: ${option} is not an option that documents use`);
}

function faultsOfDocker([verb = '', ...rest]: string[]): string[] {
  if (!['build', 'run', 'exec', 'compose'].includes(verb)) return [`docker ${verb} is not used in documents`];
  if (verb !== 'compose') return [];
  const compose = read('compose.yaml');
  const faults: string[] = [];
  const profile = rest[rest.indexOf('--profile') + 1] ?? '';
  if (rest.includes('--profile') && !compose.includes(`profiles: [${profile}]`)) {
    faults.push(`compose.yaml has no profile ${profile}`);
  }
  if (rest[0] === 'exec') {
    const [, service = '', ...command] = rest;
    if (!compose.includes(`\n  ${service}:\n`)) faults.push(`compose.yaml has no service ${service}`);
    faults.push(...faultsOfCommand(command));
  }
  return faults;
}

/** The values that a command sets must exist. */
function faultsOfHelm(words: readonly string[]): string[] {
  const values = parse(read('deploy/helm/order-system/values.yaml')) as unknown;
  const paths = words.flatMap((word, index) =>
    words[index - 1] === '--set' ? (word.split('=')[0] ?? '') : [],
  );
  const isKnown = (path: string): boolean => {
    let node: unknown = values;
    for (const key of path.split('.')) node = (node as Record<string, unknown> | undefined)?.[key];
    return node !== undefined;
  };
  return paths.filter((path) => !isKnown(path)).map((path) => `the Helm chart has no value ${path}`);
}

const OF_REPOSITORY = /^(?:\.ci|bench|deploy|docs|proto|test|tools)\/\S*$|^(?:compose\S*\.yaml|Dockerfile)$/;

function missingFiles(words: readonly string[]): string[] {
  return words
    .filter((word) => OF_REPOSITORY.test(word) && !existsSync(ROOT + word))
    .map((word) => `there is no ${word}`);
}
