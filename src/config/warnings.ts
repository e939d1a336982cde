import { passedThrough } from './kafka-client-settings.ts';
import { SETTING_NAMES, settingSchema, type SettingName, type Settings } from './settings.ts';

/** Settings that are probably not meant as they are, one sentence each. */
export function settingWarnings(settings: Settings, environment: NodeJS.ProcessEnv): string[] {
  return [...misspelt(environment), ...withoutEffect(settings, environment)];
}

function misspelt(environment: NodeJS.ProcessEnv): string[] {
  const own = new Set<string>([...SETTING_NAMES, ...passedThrough(environment).map(([name]) => name)]);
  return Object.keys(environment)
    .filter((name) => !own.has(name))
    .flatMap((name) => {
      const meant = likelyMeant(name);
      return meant === undefined
        ? []
        : [`${name} is not a setting and has no effect: did you mean ${meant}?`];
    });
}

const POSTGRES_ONLY = SETTING_NAMES.filter((name) => /^DATABASE_(?!URL$)/.test(name));

function withoutEffect(settings: Settings, environment: NodeJS.ProcessEnv): string[] {
  const warnings: string[] = [];
  if (settings.EVENT_LOG === 'embedded' && settings.KAFKA_BROKERS !== '') {
    warnings.push('KAFKA_BROKERS has no effect: EVENT_LOG is embedded.');
  }
  if (settings.DATABASE_URL.startsWith('sqlite:')) {
    const changed = POSTGRES_ONLY.filter((name) => settings[name] !== settingSchema(name).default);
    warnings.push(...changed.map((name) => `${name} has no effect: the store is SQLite.`));
  }
  if (settings.REDIS_URL !== '' && settings.RATE_LIMIT_MAX === 0) {
    warnings.push('REDIS_URL has no effect: RATE_LIMIT_MAX is 0.');
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

/** The setting that a name is a slip of: a letter or two off, or with some of its words missing. */
function likelyMeant(name: string): SettingName | undefined {
  const given = name.toUpperCase();
  const tolerance = given.length < 8 ? 1 : 2;
  const byLetters = SETTING_NAMES.map((known) => ({ known, distance: editDistance(given, known) }))
    .filter(({ distance }) => distance <= tolerance)
    .sort((a, b) => a.distance - b.distance)[0];
  return byLetters?.known ?? SETTING_NAMES.find((known) => isShortened(given, known));
}

function isShortened(given: string, known: string): boolean {
  const words = given.split('_');
  const knownWords = known.split('_');
  return words.length > 1 && words[0] === knownWords[0] && words.every((word) => knownWords.includes(word));
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(a).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(b).entries()) {
      const substituted = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(substituted, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
