import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import pg from 'pg';

const CHAR = 18;

/**
 * Prisma's adapter for pg, that can read Postgres's catalogue: its `"char"` columns are of a type which the adapter
 * refuses, and which the schema engine wants as characters.
 */
export function catalogAdapter(url: string): PrismaPg {
  const pool = new pg.Pool({ connectionString: url });
  const characters = readCharAsText(pool);
  const factory = new PrismaPg(pool, { disposeExternalPool: true });
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const { columnNames, columnTypes, rows } = await queryRaw(query);
      const typeOf = (name: string, i: number) =>
        characters.has(name) ? ColumnTypeEnum.Character : columnTypes[i]!;
      return { columnNames, columnTypes: columnNames.map(typeOf), rows };
    };
    return adapter;
  };
  return factory;
}

/** Answers the names of the columns that were passed off as text. */
function readCharAsText(pool: pg.Pool): ReadonlySet<string> {
  const names = new Set<string>();
  const query = pool.query.bind(pool) as (...request: unknown[]) => Promise<pg.QueryResult>;
  pool.query = (async (...request: unknown[]) => {
    const result = await query(...request);
    for (const field of result.fields.filter(({ dataTypeID }) => dataTypeID === CHAR)) {
      field.dataTypeID = pg.types.builtins.TEXT;
      names.add(field.name);
    }
    return result;
  }) as typeof pool.query;
  return names;
}
