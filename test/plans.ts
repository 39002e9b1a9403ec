import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';

/** How Postgres really ran a statement, as `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)` tells it. */
export interface Plan {
  readonly statement: string;
  /** Every node, the topmost first. */
  readonly nodes: readonly PlanNode[];
  /** Pages that were looked at, each time anew. */
  readonly pages: number;
}

export interface PlanNode {
  readonly type: string;
  /** The table that it reads, where it reads one. */
  readonly table: string | undefined;
  readonly index: string | undefined;
  /** Rows that it read, in all of its loops; those that its filter then left out are among them. */
  readonly rows: number;
}

/** Tables that grow with every job. */
const LARGE: readonly (string | undefined)[] = [
  'job',
  'run',
  'metric',
  'event',
  'checkpoint',
  'artifact',
  'model',
];
/** A read of some thousand rows is no longer one of what was asked for; nor are more pages than these. */
const MOST_ROWS = 2_000;
const MOST_PAGES_A_ROW = 10;
const MOST_PAGES = 500;

/** What is wrong with a plan where tables are large. Nothing, for one that reads what was asked for by an index. */
export function faultsOf({ statement, nodes, pages }: Plan): string[] {
  const faults: string[] = [];
  for (const { type, table, rows } of nodes) {
    if (type === 'Seq Scan' && LARGE.includes(table)) faults.push(`reads ${table} through`);
    if (table !== undefined && rows > MOST_ROWS) faults.push(`reads ${rows} rows of ${table}`);
  }
  const most = Math.max(...nodes.map(({ rows }) => rows));
  if (pages > MOST_PAGES + MOST_PAGES_A_ROW * most) faults.push(`looks at ${pages} pages for ${most} rows`);
  return faults.map((fault) => `${fault}: ${statement}`);
}

/** What `auto_explain` writes for each statement, whoever sends it. */
const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_format': 'json',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_buffers': 'on',
};

/** The plans of the statements that the sessions of one database send: the product's own, not copies of them. */
export class Plans {
  readonly #log: string;

  private constructor(log: string) {
    this.#log = log;
  }

  /** Has the server explain what is sent to the database over connections that are opened from now on. */
  static async of(url: string): Promise<Plans> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query(
        `SELECT current_database() AS name, current_setting('data_directory') AS folder`,
      );
      for (const [setting, value] of Object.entries(SETTINGS))
        await client.query(`ALTER DATABASE ${rows[0].name} SET ${setting} = '${value}'`);
      return new Plans(join(dirname(rows[0].folder), 'log'));
    } finally {
      await client.end();
    }
  }

  /** The plans of what was sent while `work` was done, in their order. */
  async during(work: () => Promise<unknown>): Promise<Plan[]> {
    const { size } = await stat(this.#log);
    await work();
    const told = await readFrom(this.#log, size);
    return [...told.matchAll(/ plan:\n((?:\t.*\n)+)/g)].map(([, json]) => toPlan(JSON.parse(json!)));
  }
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ start })) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    await file.close();
  }
}

interface Explained {
  'Query Text': string;
  Plan: ExplainedNode;
}

interface ExplainedNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: ExplainedNode[];
}

function toPlan({ 'Query Text': statement, Plan: top }: Explained): Plan {
  const pages = top['Shared Hit Blocks'] + top['Shared Read Blocks'];
  return { statement, nodes: flat(top).map(toNode), pages };
}

function flat(node: ExplainedNode): ExplainedNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flat)];
}

/** Rows are told as a mean of the loops. */
function toNode(node: ExplainedNode): PlanNode {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return {
    type: node['Node Type'],
    table: node['Relation Name'],
    index: node['Index Name'],
    rows: (node['Actual Rows'] + removed) * node['Actual Loops'],
  };
}
