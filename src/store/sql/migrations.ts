import { MigrationError, Umzug } from 'umzug';

export interface Migration {
  name: string;
  sql: string;
}

export interface MigratedDatabase {
  /** names of the migrations already applied */
  executed(): Promise<string[]>;
  /** Applies a migration and stores its name, in one transaction. False if another process has applied it. */
  apply(migration: Migration): Promise<boolean>;
}

/** Applies the missing migrations in order. Returns the names of those that this call applied. */
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
      // `apply` stores the name.
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
