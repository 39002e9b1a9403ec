import type { Store } from '../../jobs/ports.ts';
import type { ModelRow } from '../../jobs/rows.ts';
import { NetworkSpec } from '../../spec/network.ts';
import { Preprocess } from '../../spec/preprocess.ts';
import { documentPage, equal } from './documents.ts';
import { type Model, Prisma } from './generated/client.ts';
import { toJson, toNullableJson, toNumbers } from './json.ts';
import { NOT_ENDED } from './not-ended.ts';
import { PAGE_ORDER } from './pages.ts';
import type { Session } from './session.ts';

/** Large, and seldom asked for. */
const STRUCTURE = { network: true, preprocess: true } as const;

export function modelStore({ sql, atomically }: Session): Store['models'] {
  return {
    insert: ({ target, ...model }, { network, preprocess }) =>
      atomically(async ({ sql }) => {
        const { projectId, name } = model;
        // One at a time in a project: the next takes its number when this one's is committed.
        await sql.$queryRaw`SELECT id FROM project WHERE id = ${projectId} FOR NO KEY UPDATE`;
        const { _max } = await sql.model.aggregate({ where: { projectId, name }, _max: { version: true } });
        const row = await sql.model.create({
          omit: STRUCTURE,
          data: {
            ...model,
            targets: [target ?? []].flat(),
            classes: model.classes ?? [],
            window: toNullableJson(model.window),
            evaluation: toJson(model.evaluation),
            imported: toNullableJson(model.imported),
            stages: toJson(model.stages),
            network: toJson(network),
            preprocess: toJson(preprocess),
            version: (_max.version ?? 0) + 1,
          },
        });
        return toModelRow(row);
      }),

    async get(id, projectId) {
      const row = await sql.model.findFirst({ where: { id, projectId }, omit: STRUCTURE });
      return row && toModelRow(row);
    },

    async structureOf(id, projectId) {
      const row = await sql.model.findFirst({ where: { id, projectId }, select: STRUCTURE });
      if (!row?.network || !row.preprocess) return null;
      return { network: NetworkSpec.parse(row.network), preprocess: Preprocess.parse(row.preprocess) };
    },

    delete: (id, projectId) =>
      atomically(async ({ sql }) => {
        const locked = await sql.$queryRaw<unknown[]>`
          SELECT id FROM model WHERE id = ${id} AND project_id = ${projectId} FOR UPDATE`;
        if (locked.length === 0) return 'absent';
        // Asked only now: a job that held the row against us has been committed by the time we hold it.
        const job = await sql.job.findFirst({
          where: { parentModelId: id, status: { in: NOT_ENDED } },
          select: { id: true },
        });
        if (job) return 'inUse';
        await sql.model.delete({ where: { id } });
        return 'deleted';
      }),

    async lockForUse(id, projectId) {
      const locked = await sql.$queryRaw<unknown[]>`
        SELECT id FROM model WHERE id = ${id} AND project_id = ${projectId} FOR KEY SHARE`;
      return locked.length > 0;
    },

    async list(projectId, { name, parent, job }, page) {
      const asked = [...equal('name', name), ...equal('parent_model_id', parent), ...equal('job_id', job)];
      const query = {
        table: 'model',
        conditions: [Prisma.sql`project_id = ${projectId}`, ...asked],
        size: Prisma.sql`octet_length(evaluation::text) + octet_length(array_to_string(classes || inputs, ''))`,
        find: (ids: string[]) =>
          sql.model.findMany({ where: { id: { in: ids } }, orderBy: PAGE_ORDER, omit: STRUCTURE }),
      } as const;
      return documentPage(sql, query, page, toModelRow);
    },
  };
}

function toModelRow({ targets, ...row }: Omit<Model, keyof typeof STRUCTURE>): ModelRow {
  return {
    ...row,
    target: targets.length > 1 ? targets : (targets[0] ?? null),
    task: row.task as ModelRow['task'],
    classes: row.classes.length > 0 ? row.classes : null,
    window: row.window as ModelRow['window'],
    parameters: Number(row.parameters),
    seed: row.seed === null ? null : Number(row.seed),
    bytes: Number(row.bytes),
    evaluation: toNumbers(row.evaluation),
    imported: row.imported as ModelRow['imported'],
    stages: row.stages as ModelRow['stages'],
  };
}
