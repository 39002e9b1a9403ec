import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { catalogAdapter } from './catalog-adapter.ts';

/*
 * Prisma's own schema engine, in its WebAssembly build: the CLI's is a native binary that has to be downloaded.
 */

declare const WebAssembly: {
  instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

// What the package's own entry does by importing a `.wasm` file, which Node 20 can't.
const glue = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
const code = await readFile(new URL('schema_engine_bg.wasm', glue));
const { instance } = await WebAssembly.instantiate(code, { './schema_engine_bg.js': bindings });
bindings.__wbg_set_wasm(instance.exports);
(instance.exports.__wbindgen_start as () => void)();

const NO_FILTERS = { externalTables: [], externalEnums: [] };
const SCHEMA = new URL('../prisma/schema.prisma', import.meta.url);
export const MIGRATIONS = fileURLToPath(new URL('../prisma/migrations', import.meta.url));

/**
 * The SQL that turns the database into what `prisma/schema.prisma` says; a comment that it is empty when
 * there is nothing to do.
 * @param url a database with every migration applied
 */
export async function schemaDiff(url: string): Promise<string> {
  const files = [await schemaFile()];
  const engine = await connectEngine(url);
  const { stdout } = await engine.diff({
    from: { tag: 'schemaDatasource', files, configDir: '.' },
    to: { tag: 'schemaDatamodel', files },
    script: true,
    exitCode: null,
    filters: NO_FILTERS,
  });
  return stdout ?? '';
}

/** What `prisma migrate status` would find: `history` is null where the database has every migration. */
export async function diagnoseHistory(url: string): Promise<bindings.DiagnoseMigrationHistoryOutput> {
  const names = (await readdir(MIGRATIONS)).filter((name) => /^\d/.test(name)).sort();
  const migrationDirectories = names.map(async (path) => ({
    path,
    migrationFile: {
      path: 'migration.sql',
      content: { tag: 'ok' as const, value: await readFile(join(MIGRATIONS, path, 'migration.sql'), 'utf8') },
    },
  }));
  const lockfile = {
    path: 'migration_lock.toml',
    content: await readFile(join(MIGRATIONS, 'migration_lock.toml'), 'utf8'),
  };
  const engine = await connectEngine(url);
  return engine.diagnoseMigrationHistory({
    migrationsList: {
      baseDir: MIGRATIONS,
      lockfile,
      shadowDbInitScript: '',
      migrationDirectories: await Promise.all(migrationDirectories),
    },
    optInToShadowDatabase: false,
    filters: NO_FILTERS,
  });
}

async function schemaFile(): Promise<bindings.SchemaContainer> {
  return { path: 'schema.prisma', content: await readFile(SCHEMA, 'utf8') };
}

async function connectEngine(url: string): Promise<bindings.SchemaEngine> {
  const { path, content } = await schemaFile();
  const adapter = bindMigrationAwareSqlAdapterFactory(catalogAdapter(url));
  return bindings.SchemaEngine.new({ datamodels: [[path, content]] }, () => {}, adapter);
}
