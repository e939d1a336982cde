import { MigrationError, Umzug } from 'umzug';

export interface Migration {
  name: string;
  sql: string;
}

export interface MigratedDatabase {
  /** the names of the migrations that it has */
  executed(): Promise<string[]>;
  /** Applies one and stores its name, in one transaction. False when another process was first. */
  apply(migration: Migration): Promise<boolean>;
}

/** Applies what the database does not have, in order, and returns the names of what this call applied. */
export async function applyMigrations(
  migrations: readonly Migration[],
  database: MigratedDatabase,
): Promise<string[]> {
  const applied: string[] = [];
  const umzug = new Umzug({
    migrations: migrations.map((migration) => ({
      name: migration.name,
      up: async () => {
        if (await database.apply(migration)) applied.push(migration.name);
      },
    })),
    storage: {
      executed: () => database.executed(),
      // `apply` has stored the name.
      logMigration: () => Promise.resolve(),
      unlogMigration: () => Promise.reject(new Error('Migrations only go forward.')),
    },
    logger: undefined,
  });
  try {
    await umzug.up();
    return applied;
  } catch (error) {
    throw error instanceof MigrationError ? error.cause : error;
  }
}
