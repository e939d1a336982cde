import { when, type Rule } from './rule.ts';

/** For processes that serve. Commands may have the settings of an api service, and another role. */
export const PROCESSES_RULES: readonly Rule[] = [
  {
    about: ['API_PROCESSES', 'ROLE'],
    problem: ({ API_PROCESSES, ROLE }) =>
      when(
        API_PROCESSES !== '1' && ROLE !== 'api',
        'is for the role api only: start it with --role api, or remove API_PROCESSES (a worker uses more cores with WORKER_THREADS)',
      ),
  },
  {
    about: ['API_PROCESSES', 'ROLE', 'DATABASE_URL'],
    problem: ({ API_PROCESSES, ROLE, DATABASE_URL }) =>
      when(
        API_PROCESSES !== '1' && ROLE === 'api' && DATABASE_URL.startsWith('sqlite:'),
        'needs PostgreSQL, because the store is SQLite: set DATABASE_URL to postgres://…, or remove API_PROCESSES',
      ),
  },
];
