import { circular, reachedFrom, type Sources } from './imports.ts';

/** The lines of ARCHITECTURE.md, as code: who may know whom. A rule answers with what breaks it. */
export type Rule = (sources: Sources) => string[];

type Test = (specifier: string) => boolean;

/** Whether it is one of these files, in one of these folders (`src/spec/`), or of one of these packages. */
const among =
  (...places: string[]): Test =>
  (specifier) =>
    places.some(
      (place) => specifier === place || specifier.startsWith(place.endsWith('/') ? place : `${place}/`),
    );

const isOurs = among('src/', 'apps/');
const isNode: Test = (specifier) => specifier.startsWith('node:');
const isBackend: Test = (it) => /^@tensorflow\/tfjs(-backend-.*|-node.*)?$/.test(it);
const isTensorFlow = among('@tensorflow/');

/** Those that `place` holds may import nothing that `allowed` refuses. */
const only =
  (place: string, allowed: (specifier: string, file: string) => boolean): Rule =>
  (sources) =>
    [...sources]
      .filter(([file]) => file.startsWith(place))
      .flatMap(([file, { imports }]) =>
        imports.filter((it) => !allowed(it, file)).map((it) => `${file} imports ${it}`),
      );

/** `what` is imported by none but those in `places`. */
const reserved = (what: Test, ...places: string[]): Rule =>
  only('', (specifier, file) => among(...places)(file) || !what(specifier));

/** Whatever `entry` loads, by whatever way, must be allowed. */
const loads =
  (entry: string, allowed: Test): Rule =>
  (sources) =>
    sources.has(entry)
      ? [...reachedFrom(sources, entry)].filter((it) => !allowed(it)).map((it) => `${entry} loads ${it}`)
      : [`${entry} is missing`];

const matching =
  (pattern: RegExp, ...exceptions: string[]): Rule =>
  (sources) =>
    [...sources]
      .filter(([file, { text }]) => !among(...exceptions)(file) && pattern.test(text))
      .map(([file]) => `${file} has ${pattern}`);

/** The engine and the adapters are floors of many rooms; else a folder of `src` or `apps` is a room. */
const roomOf = (file: string): string =>
  /^src\/(?:engine|adapters)\/[^/]+(?=\/)|^[^/]+\/[^/]+/.exec(file)?.[0] ?? file;

const circles =
  (nodeOf: (file: string) => string): Rule =>
  (sources) => {
    const graph = new Map<string, Set<string>>();
    for (const [file, { imports }] of sources) {
      const node = nodeOf(file);
      const next = graph.get(node) ?? new Set();
      for (const it of imports) if (isOurs(it) && (nodeOf(it) !== node || it === file)) next.add(nodeOf(it));
      graph.set(node, next);
    }
    return circular(graph).map((node) => `${node} imports itself by way of others`);
  };

const GROUND = ['src/spec/', 'src/random.ts', 'src/safetensors.ts', 'src/model-file.ts'];
/** What reads the files that users bring. */
const PARSERS = ['csv-parse', 'h5wasm', 'sharp', 'yauzl'];
const CHILD_FLOORS = among('src/engine/', 'src/data/', ...GROUND);
const CHILD_PACKAGES = among('@tensorflow/', 'zod', 'koffi', ...PARSERS);
const adapterOf = (file: string): string => `${file.split('/').slice(0, 3).join('/')}/`;

export const RULES: Readonly<Record<string, Rule>> = {
  'spec imports nothing but Zod': only('src/spec/', among('src/spec/', 'zod')),
  'random imports nothing': only('src/random.ts', () => false),
  'safetensors imports nothing': only('src/safetensors.ts', () => false),
  'the model file knows the spec and safetensors': only(
    'src/model-file.ts',
    among('src/spec/', 'src/safetensors.ts'),
  ),
  'engine knows the ground floor, tensors, libraries of the machine and Node': only(
    'src/engine/',
    (it) => among('src/engine/', ...GROUND, '@tensorflow/', 'koffi')(it) || isNode(it),
  ),
  'libraries of the machine are called by way of the compiler’s native.ts': reserved(
    among('koffi'),
    'src/engine/compile/native.ts',
  ),
  'data knows the ground floor, parsers of files and Node': only(
    'src/data/',
    (it) => among('src/data/', ...GROUND, ...PARSERS)(it) || isNode(it),
  ),
  'only the pictures import sharp': reserved(among('sharp'), 'src/data/pictures/'),
  'only the archive imports yauzl': reserved(among('yauzl'), 'src/data/readers/zip/'),
  'jobs knows data and the ground floor, no adapter and no engine': only(
    'src/jobs/',
    (it) => among('src/jobs/', 'src/data/', ...GROUND, 'zod', 'ulid')(it) || isNode(it),
  ),
  'an adapter knows no other adapter, and nothing above': only(
    'src/adapters/',
    (it, file) => !isOurs(it) || among(adapterOf(file), 'src/jobs/', 'src/data/', ...GROUND)(it),
  ),
  'config knows nothing of ours': only('src/config.ts', (it) => !isOurs(it)),
  'logger knows nothing of ours': only('src/logger.ts', (it) => !isOurs(it)),
  'src never imports apps': only('src/', (it) => !it.startsWith('apps/')),
  'an app imports no other app': only(
    'apps/',
    (it, file) => !it.startsWith('apps/') || it.startsWith(`${file.split('/').slice(0, 2).join('/')}/`),
  ),
  'only the context wires adapters; the command and the health check reach the database themselves': reserved(
    among('src/adapters/'),
    'src/adapters/',
    'src/context.ts',
    'apps/cli/',
    'apps/worker/health.ts',
  ),
  'only the backends import a tfjs backend': reserved(isBackend, 'src/engine/backends/'),
  'only the API imports Fastify': reserved((it) => /^(@fastify\/|fastify)/.test(it), 'apps/api/'),
  'only the queue imports BullMQ': reserved(among('bullmq'), 'src/adapters/queue/'),
  'only the queue and the counters import Redis': reserved(
    among('ioredis'),
    'src/adapters/queue/',
    'src/adapters/counters/',
  ),
  'only the database adapter imports Prisma': reserved(among('@prisma/'), 'src/adapters/db/'),
  'only adapters import pg': reserved(among('pg'), 'src/adapters/'),
  'only the outbound adapter asks other hosts, and signs what it tells them': reserved(
    among('request-filtering-agent', 'standardwebhooks'),
    'src/adapters/outbound/',
  ),
  'only the logger imports pino': reserved(among('pino'), 'src/logger.ts'),
  'the API never loads the engine or TensorFlow': loads(
    'apps/api/main.ts',
    (it) => !among('src/engine/')(it) && !isTensorFlow(it),
  ),
  'the trainer reaches no context, database or queue': loads(
    'apps/worker/trainer.ts',
    (it) => CHILD_FLOORS(it) || CHILD_PACKAGES(it) || isNode(it) || among('apps/worker/')(it),
  ),
  'the predictor reaches no context, database or queue': loads(
    'apps/worker/predictor.ts',
    (it) => CHILD_FLOORS(it) || CHILD_PACKAGES(it) || isNode(it) || among('apps/worker/')(it),
  ),
  'only the config reads the environment': matching(/\bprocess\??\.env\b|\bnode:process\b/, 'src/config.ts'),
  // What is named by a variable escapes the other rules.
  'imports are literal': matching(
    /\b(?:import|require)\((?!\s*['"])|\bcreateRequire\b/,
    'src/engine/backends/',
    'src/adapters/embedded/',
  ),
  'no file imports itself by way of others': circles((file) => file),
  'no room imports itself by way of others': circles(roomOf),
};
