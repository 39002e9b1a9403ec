import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RULES } from '../import-rules.ts';
import { importsOf, readSources, sourcesOf } from '../imports.ts';

const names = Object.keys(RULES);

describe('the import rules', () => {
  const sources = readSources(join(import.meta.dirname, '../..'), 'src', 'apps');

  test.each(names)('%s', (name) => {
    expect(RULES[name]?.(sources)).toEqual([]);
  });

  test('are held against all of the project', () => {
    expect(sources.size).toBeGreaterThan(100);
    expect(sources.get('src/spec/job.ts')?.imports).toEqual(
      expect.arrayContaining(['zod', 'src/spec/data.ts']),
    );
  });
});

describe('reading imports', () => {
  test('finds each kind of them', () => {
    const text = [
      "import 'side-effect';",
      "import fs, { type Stats } from 'node:fs';",
      "import type { Job } from '../spec/job.ts';",
      "import {\n  a,\n  b,\n} from './neighbour.ts';",
      "import * as tf from '@tensorflow/tfjs-core';",
      "export { c } from './again.ts';",
      "export * from './all.ts';",
      "const late = await import('./late.ts');",
    ].join('\n');
    expect(importsOf('src/jobs/x.ts', text)).toEqual([
      'side-effect',
      'node:fs',
      'src/spec/job.ts',
      'src/jobs/neighbour.ts',
      '@tensorflow/tfjs-core',
      'src/jobs/again.ts',
      'src/jobs/all.ts',
      'src/jobs/late.ts',
    ]);
  });

  test('takes nothing else for one', () => {
    const text = [
      "export const from = 'fastify';",
      "export function f(from: 'a' | 'b') {}",
      "// import 'x' from 'y'",
      "const text = `\n  import a from 'b';`;",
      "export type From = 'import';",
    ].join('\n');
    expect(importsOf('src/x.ts', text)).toEqual([]);
  });
});

/** For every rule a project that breaks it, and the breach that must be found. */
const BROKEN: Readonly<Record<string, [texts: Record<string, string>, breach: string]>> = {
  'spec imports nothing but Zod': [
    { 'src/spec/x.ts': "import type { R } from 'node:stream';" },
    'src/spec/x.ts imports node:stream',
  ],
  'random imports nothing': [{ 'src/random.ts': "import { z } from 'zod';" }, 'src/random.ts imports zod'],
  'safetensors imports nothing': [
    { 'src/safetensors.ts': "import { z } from 'zod';" },
    'src/safetensors.ts imports zod',
  ],
  'the model file knows the spec and safetensors': [
    { 'src/model-file.ts': "import './random.ts';" },
    'src/model-file.ts imports src/random.ts',
  ],
  'engine knows the ground floor, tensors, libraries of the machine and Node': [
    { 'src/engine/train/x.ts': "import type { Logger } from '../../logger.ts';" },
    'src/engine/train/x.ts imports src/logger.ts',
  ],
  'libraries of the machine are called by way of the compiler’s native.ts': [
    { 'src/engine/compile/kernels/x.ts': "import koffi from 'koffi';" },
    'src/engine/compile/kernels/x.ts imports koffi',
  ],
  'data knows the ground floor, parsers of files and Node': [
    { 'src/data/x.ts': "import * as tf from '@tensorflow/tfjs-core';" },
    'src/data/x.ts imports @tensorflow/tfjs-core',
  ],
  'only the pictures import sharp': [
    { 'src/data/formats/x.ts': "import sharp from 'sharp';" },
    'src/data/formats/x.ts imports sharp',
  ],
  'only the archive imports yauzl': [
    { 'src/data/formats/x.ts': "import { open } from 'yauzl';" },
    'src/data/formats/x.ts imports yauzl',
  ],
  'jobs knows data and the ground floor, no adapter and no engine': [
    { 'src/jobs/x.ts': "const it = await import('../engine/x.ts');" },
    'src/jobs/x.ts imports src/engine/x.ts',
  ],
  'an adapter knows no other adapter, and nothing above': [
    { 'src/adapters/db/x.ts': "import { q } from '../queue/x.ts';" },
    'src/adapters/db/x.ts imports src/adapters/queue/x.ts',
  ],
  'config knows nothing of ours': [
    { 'src/config.ts': "import { x } from './jobs/x.ts';" },
    'src/config.ts imports src/jobs/x.ts',
  ],
  'logger knows nothing of ours': [
    { 'src/logger.ts': "import { x } from './config.ts';" },
    'src/logger.ts imports src/config.ts',
  ],
  'src never imports apps': [
    { 'src/context.ts': "export * from '../apps/api/app.ts';" },
    'src/context.ts imports apps/api/app.ts',
  ],
  'an app imports no other app': [
    { 'apps/api/x.ts': "import { train } from '../worker/train-run.ts';" },
    'apps/api/x.ts imports apps/worker/train-run.ts',
  ],
  'only the context wires adapters; the command and the health check reach the database themselves': [
    { 'apps/api/x.ts': "import { createStore } from '../../src/adapters/db/store.ts';" },
    'apps/api/x.ts imports src/adapters/db/store.ts',
  ],
  'only the backends import a tfjs backend': [
    { 'src/engine/train/x.ts': "import '@tensorflow/tfjs-backend-cpu';" },
    'src/engine/train/x.ts imports @tensorflow/tfjs-backend-cpu',
  ],
  'only the API imports Fastify': [
    { 'apps/worker/x.ts': "import fp from 'fastify-plugin';" },
    'apps/worker/x.ts imports fastify-plugin',
  ],
  'only the queue and the counters import Redis': [
    { 'src/adapters/db/x.ts': "import { Redis } from 'ioredis';" },
    'src/adapters/db/x.ts imports ioredis',
  ],
  'only the queue imports BullMQ': [
    { 'apps/worker/x.ts': "import { Worker } from 'bullmq';" },
    'apps/worker/x.ts imports bullmq',
  ],
  'only the database adapter imports Prisma': [
    { 'src/adapters/queue/x.ts': "import { PrismaClient } from '@prisma/client';" },
    'src/adapters/queue/x.ts imports @prisma/client',
  ],
  'only adapters import pg': [{ 'apps/api/x.ts': "import pg from 'pg';" }, 'apps/api/x.ts imports pg'],
  'only the outbound adapter asks other hosts, and signs what it tells them': [
    { 'src/jobs/x.ts': "import { Webhook } from 'standardwebhooks';" },
    'src/jobs/x.ts imports standardwebhooks',
  ],
  'only the logger imports pino': [
    { 'src/context.ts': "import { pino } from 'pino';" },
    'src/context.ts imports pino',
  ],
  'the API never loads the engine or TensorFlow': [
    {
      'apps/api/main.ts': "import { a } from './a.ts';",
      'apps/api/a.ts': "import { b } from '../../src/jobs/b.ts';",
      'src/jobs/b.ts': "import '../engine/c.ts';",
    },
    'apps/api/main.ts loads src/engine/c.ts',
  ],
  'the trainer reaches no context, database or queue': [
    {
      'apps/worker/trainer.ts': "import { a } from './a.ts';",
      'apps/worker/a.ts': "import '../../src/context.ts';",
    },
    'apps/worker/trainer.ts loads src/context.ts',
  ],
  'the predictor reaches no context, database or queue': [
    { 'apps/worker/predictor.ts': "import pg from 'pg';" },
    'apps/worker/predictor.ts loads pg',
  ],
  'only the config reads the environment': [
    { 'src/jobs/x.ts': 'const home = process.env.HOME;' },
    'src/jobs/x.ts has ',
  ],
  'imports are literal': [
    { 'src/jobs/x.ts': "const room = '../engine/x.ts';\nawait import(room);" },
    'src/jobs/x.ts has ',
  ],
  'no file imports itself by way of others': [
    {
      'src/jobs/a.ts': "import './b.ts';",
      'src/jobs/b.ts': "import type { C } from './c.ts';",
      'src/jobs/c.ts': "import './a.ts';",
    },
    'src/jobs/c.ts imports itself by way of others',
  ],
  'no room imports itself by way of others': [
    {
      'src/engine/model/a.ts': "import '../train/a.ts';",
      'src/engine/train/a.ts': '',
      'src/engine/train/b.ts': "import '../model/b.ts';",
      'src/engine/model/b.ts': '',
    },
    'src/engine/train imports itself by way of others',
  ],
};

describe('a project that breaks the rule', () => {
  test.each(names)('“%s” is found out', (name) => {
    const [texts, breach] = BROKEN[name]!;
    const found = RULES[name]!(sourcesOf(texts));
    expect(
      found.some((it) => it.startsWith(breach)),
      `${found}`,
    ).toBe(true);
  });

  test('in no rule passes for one that keeps it', () => {
    const kept = sourcesOf({
      'src/spec/a.ts': "import { z } from 'zod';\nimport { b } from './b.ts';",
      'src/spec/b.ts': '',
      'src/random.ts': '',
      'src/config.ts': "import { z } from 'zod';\nconst it = process.env;",
      'src/engine/train/a.ts': "import { tidy } from '@tensorflow/tfjs-core';\nimport '../../spec/a.ts';",
      'src/engine/backends/cpu.ts': "import '@tensorflow/tfjs-backend-cpu';",
      'src/jobs/a.ts':
        "import { ulid } from 'ulid';\nimport '../data/a.ts';\nimport { once } from 'node:events';",
      'src/data/a.ts': "import '../spec/a.ts';\nimport { parse } from 'csv-parse';",
      'src/adapters/db/a.ts': "import pg from 'pg';\nimport './b.ts';\nimport '../../jobs/a.ts';",
      'src/adapters/db/b.ts': '',
      'src/context.ts': "import './adapters/db/a.ts';\nimport './config.ts';",
      'apps/api/main.ts': "import fastify from 'fastify';\nimport '../../src/context.ts';",
      'apps/worker/trainer.ts': "import '../../src/engine/train/a.ts';",
      'apps/worker/predictor.ts': "import '../../src/data/a.ts';",
    });
    expect(names.flatMap((name) => RULES[name]!(kept))).toEqual([]);
  });
});
