import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { Activation } from '../../src/spec/activation.ts';
import { Augmentation } from '../../src/spec/augment.ts';
import { Initializer } from '../../src/spec/initializer.ts';
import { ListedLayer } from '../../src/spec/listed-layer.ts';
import { LossSpec, ObjectiveSpec } from '../../src/spec/objective.ts';
import { Clip, OptimizerSpec } from '../../src/spec/optimizer.ts';
import { ScheduleSpec } from '../../src/spec/schedule.ts';
import { StageSpec } from '../../src/spec/stage.ts';

/** docs/techniques.md is held against the spec: what it shows is taken, and what is offered is shown. */
const SECTIONS: Readonly<Record<string, z.ZodType>> = {
  Initializers: Initializer,
  Activations: Activation,
  Layers: ListedLayer,
  Regularization: ListedLayer,
  Optimizers: OptimizerSpec,
  Clipping: Clip,
  Schedules: ScheduleSpec,
  'Stages and early stopping': StageSpec,
  Losses: LossSpec,
  Pretraining: ObjectiveSpec,
  Augmentation,
};

const SOURCES = new URL('../../src/', import.meta.url);
const text = readFileSync(new URL('../../docs/techniques.md', import.meta.url), 'utf8');

/** The code of the tables' second column, by section. */
function specsUnder(title: string): unknown[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${title}\n`))!;
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !/^\| (what|---) \|/.test(line));
  const cells = rows.map((row) => row.split(/(?<!\\) \| /)[1]!);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => JSON.parse(code!)));
}

const nameOf = (spec: unknown) => (typeof spec === 'string' ? spec : (spec as { type: string }).type);

/** The part of Zod's own description of a schema that tells its kind and what it offers. */
interface Definition {
  readonly type: string;
  readonly options?: readonly z.ZodType[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly shape?: { readonly type: z.ZodLiteral<string> };
}

/** Every `type` and plain name that a schema takes. */
function offered(schema: z.ZodType): string[] {
  const { options = [], entries = {}, shape } = schema.def as unknown as Definition;
  return [...options.flatMap(offered), ...Object.values(entries), ...(shape ? [shape.type.value] : [])];
}

describe.each(Object.entries(SECTIONS))('the techniques under %s', (title, schema) => {
  it.each(specsUnder(title).map((spec) => [JSON.stringify(spec), spec]))('%s is taken', (_, spec) => {
    expect(schema.safeParse(spec).error?.issues).toBeUndefined();
  });
});

it.each([
  'Initializers',
  'Activations',
  'Layers',
  'Optimizers',
  'Schedules',
  'Losses',
  'Pretraining',
  'Augmentation',
])('nothing is missing under %s', (title) => {
  const shown = new Set(specsUnder(title).map(nameOf));
  expect(offered(SECTIONS[title]!).filter((name) => !shown.has(name))).toEqual([]);
});

it('names every warning that validation gives', () => {
  const validation = readdirSync(new URL('jobs/validation/', SOURCES)).map(
    (file) => `jobs/validation/${file}`,
  );
  const code = [...validation, 'data/plan-warnings.ts'].map((file) =>
    readFileSync(new URL(file, SOURCES), 'utf8'),
  );
  const codes = new Set(
    code.flatMap((source) => [...source.matchAll(/code: '(\w+)'/g)].map(([, it]) => it!)),
  );
  expect(codes.size).toBeGreaterThan(5);
  expect([...codes].filter((it) => !text.includes(`\`${it}\``))).toEqual([]);
});
