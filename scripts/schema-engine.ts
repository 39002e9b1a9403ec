import { readFile } from 'node:fs/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

declare const WebAssembly: {
  instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

/**
 * The SQL that turns the database into what `prisma/schema.prisma` says; a comment that it is empty when
 * there is nothing to do. Prisma's own schema engine computes it, in its WebAssembly build: the CLI's
 * is a native binary that has to be downloaded.
 * @param url a database with every migration applied
 */
export async function schemaDiff(url: string): Promise<string> {
  await instantiate();
  const path = 'schema.prisma';
  const content = await readFile(new URL('../prisma/schema.prisma', import.meta.url), 'utf8');
  const adapter = bindMigrationAwareSqlAdapterFactory(
    new PrismaPg(catalogPool(url), { disposeExternalPool: true }),
  );
  const engine = await bindings.SchemaEngine.new({ datamodels: [[path, content]] }, () => {}, adapter);
  const { stdout } = await engine.diff({
    from: { tag: 'schemaDatasource', files: [{ path, content }], configDir: '.' },
    to: { tag: 'schemaDatamodel', files: [{ path, content }] },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  return stdout ?? '';
}

/** What the package's own entry does by importing a `.wasm` file, which Node 20 can't. */
async function instantiate(): Promise<void> {
  const glue = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const code = await readFile(new URL('schema_engine_bg.wasm', glue));
  const { instance } = await WebAssembly.instantiate(code, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
}

/** Answers the catalogue's `"char"` columns (type 18), which Prisma's adapter doesn't know, as text (25). */
function catalogPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url });
  const query = pool.query.bind(pool) as (...request: unknown[]) => Promise<pg.QueryResult>;
  pool.query = (async (...request: unknown[]) => {
    const result = await query(...request);
    for (const field of result.fields) if (field.dataTypeID === 18) field.dataTypeID = 25;
    return result;
  }) as typeof pool.query;
  return pool;
}
