import { closestMatch } from 'leven';
import { passedThrough } from './kafka-client-settings.ts';
import { processorVariables } from './processor-environment.ts';
import { isForeignTracingSetting, tracingWarnings } from './tracing-warnings.ts';
import { SETTING_NAMES, settingSchema, type SettingName, type Settings } from './settings.ts';

/** Likely mistakes in the settings, one sentence each. */
export function settingWarnings(settings: Settings, environment: NodeJS.ProcessEnv): string[] {
  return [...misspelled(environment), ...withoutEffect(settings, environment), ...tracingWarnings(settings)];
}

function misspelled(environment: NodeJS.ProcessEnv): string[] {
  const own = new Set<string>([
    ...SETTING_NAMES,
    ...passedThrough(environment).map(([name]) => name),
    ...processorVariables(environment).map(([name]) => name),
  ]);
  return Object.keys(environment)
    .filter((name) => !own.has(name))
    .flatMap((name) => {
      const meant = likelyMeant(name);
      if (meant !== undefined) return [`${name} is not a setting and has no effect: did you mean ${meant}?`];
      return isForeignTracingSetting(name, environment[name] ?? '')
        ? [`${name} has no effect: this service does not have that setting of OpenTelemetry.`]
        : [];
    });
}

const POSTGRES_ONLY = SETTING_NAMES.filter((name) => /^DATABASE_(?!URL$)/.test(name));

const TOKENS_ONLY = SETTING_NAMES.filter((name) => /^AUTH_(?!ISSUER$|AUDIENCE$|JWKS_|API_KEYS$)/.test(name));

function withoutEffect(settings: Settings, environment: NodeJS.ProcessEnv): string[] {
  const warnings: string[] = [];
  if (settings.EVENT_LOG === 'embedded' && settings.KAFKA_BROKERS !== '') {
    warnings.push('KAFKA_BROKERS has no effect: EVENT_LOG is embedded.');
  }
  if (settings.DATABASE_URL.startsWith('sqlite:')) {
    const changed = POSTGRES_ONLY.filter((name) => settings[name] !== settingSchema(name).default);
    warnings.push(...changed.map((name) => `${name} has no effect: the store is SQLite.`));
  }
  const hasOneLane = settings.DATABASE_URL.startsWith('sqlite:') && settings.WORKER_THREADS === 1;
  if (hasOneLane && settings.BATCH_MAX_WAIT_MS !== settingSchema('BATCH_MAX_WAIT_MS').default) {
    warnings.push('BATCH_MAX_WAIT_MS has no effect: SQLite with one worker thread has one lane.');
  }
  if (settings.REDIS_URL !== '' && settings.RATE_LIMIT_MAX === 0) {
    warnings.push('REDIS_URL has no effect: RATE_LIMIT_MAX is 0.');
  }
  if (settings.API_PROCESSES !== '1' && settings.RATE_LIMIT_MAX > 0 && settings.REDIS_URL === '') {
    warnings.push(
      'RATE_LIMIT_MAX is divided by API_PROCESSES, because each process counts for itself: a caller with few connections is ' +
        'limited earlier. Set REDIS_URL to let the processes count together.',
    );
  }
  if (settings.AUTH_ISSUER === '') {
    const changed = TOKENS_ONLY.filter((name) => settings[name] !== settingSchema(name).default);
    warnings.push(...changed.map((name) => `${name} has no effect: AUTH_ISSUER is not set.`));
  }
  if (
    settings.ALLOW_ANONYMOUS === 'true' &&
    (settings.AUTH_ISSUER !== '' || settings.AUTH_API_KEYS === 'true')
  ) {
    warnings.push('ALLOW_ANONYMOUS has no effect: authentication is on.');
  }
  if (settings.PROCESSOR === '') {
    const names = processorVariables(environment).map(([name]) => name);
    warnings.push(...names.map((name) => `${name} has no effect: PROCESSOR is not set.`));
  }
  const protocol = settings.KAFKA_SECURITY_PROTOCOL.toLowerCase();
  for (const [name] of passedThrough(environment)) {
    const needed = name.startsWith('KAFKA_SASL_') ? 'sasl' : 'ssl';
    if (!protocol.includes(needed)) {
      warnings.push(`${name} has no effect: KAFKA_SECURITY_PROTOCOL is ${protocol}.`);
    }
  }
  return warnings;
}

/** The setting that was probably meant: a letter or two differ, or some of its words are missing. */
function likelyMeant(name: string): SettingName | undefined {
  const given = name.toUpperCase();
  const closest = closestMatch(given, SETTING_NAMES, { maxDistance: given.length < 8 ? 1 : 2 });
  return (
    SETTING_NAMES.find((known) => known === closest) ??
    SETTING_NAMES.find((known) => isShortened(given, known))
  );
}

function isShortened(given: string, known: string): boolean {
  const words = given.split('_');
  const knownWords = known.split('_');
  return words.length > 1 && words[0] === knownWords[0] && words.every((word) => knownWords.includes(word));
}
