import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { DatasetImport } from '../../../src/spec/dataset-import.ts';
import { DatasetResource } from '../../../src/spec/resource/dataset.ts';
import { PageQuery, pageOf } from '../../../src/spec/resource/page.ts';
import type { ApiContext } from '../context.ts';
import { clientGone } from '../plugins/client-gone.ts';
import { uploadBody } from '../plugins/upload-body.ts';
import { datasetResource } from '../resources/dataset.ts';
import { pageResource, wholePage } from '../resources/page.ts';
import { NoContent, problems } from '../responses.ts';
import { fetchedUpload, formUpload, MEDIA_TYPES, RawUploadQuery, rawUpload } from './dataset-upload.ts';
import { found } from './found.ts';
import { Filter, IdParams } from './params.ts';

const tags = ['datasets'];
/** Pairs of images and labels; other formats have one file. */
const MAX_FILES = 16;
const PreviewQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(20) });

/** Handed on as it is: a record of Zod’s would lose a column that is named `__proto__`. */
const PreviewRow = z
  .custom<Record<string, unknown>>((row) => typeof row === 'object' && row !== null)
  .meta({ type: 'object', additionalProperties: {} });

const UPLOAD = `CSV, JSONL, IDX, NPZ or a ZIP of pictures, as a form (\`file\`, \`name\`, \`columnTypes\`), as the body itself with
its media type, \`?name=\` and \`?columnTypes=\`, or fetched from a \`url\` that a JSON body says. It is streamed to disk while
its columns are inferred. \`columnTypes\` is a JSON object from column to \`number\`, \`boolean\`, \`category\` or \`text\`, and
goes before what the values look like; in a form it stands before \`file\`. Honours \`Idempotency-Key\`.

A \`url\` must be public: private, loopback and link-local addresses are refused, also behind names and redirects, unless
the operator allows them. The answer waits until the whole file has come. Repeated under an \`Idempotency-Key\`, it is
fetched again, and must be what it was.

IDX is the format of MNIST: a file of images, then one of their labels; gzipped or not, each on its own. As a body they
are simply one after the other: \`cat train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz\`, \`application/x-idx\`. In a
form they are \`file\` and \`labels\`. More pairs may follow; their rows come after the first one's. The columns are
\`image\`, a tensor, and \`label\`, a category where labels are whole. A file of images alone makes a data set without
\`label\`, to pretrain on. Unzipped, they have at most as many bytes as an upload.

A ZIP (\`application/zip\`) has a folder of PNGs and JPEGs for each class: \`cat/1.png\`, \`dog/2.jpg\`; one more folder may
lie around all of them. Where the folders at the top are \`train\`, \`validation\` (or \`val\`) and \`test\`, with the classes in
them, a column \`part\` says so, for \`"split": { "column": "part" }\`. The columns are \`image\`, a tensor, and \`label\`. Pictures
may have different sizes: a job brings them to its \`imageSize\`. Each has at most 50 million pixels and 32 MiB, and is
decoded once here, so that a broken one is told by its name. Where none lies in the folder of a class (\`1.png\`,
\`2.png\`, or \`train/1.png\`, \`test/2.png\`), there is no \`label\`. Texts that say
what it is are passed over: \`README…\`, \`LICENSE…\`, \`NOTICE…\`, \`.txt\` and \`.md\`.

NPZ (\`.npz\`, \`application/x-npz\`) is NumPy’s archive of arrays: \`x\` (or \`image\`, \`images\`) with its rows along the first
axis, and \`y\` (or \`label\`, \`labels\`) with a number a row, as \`image\` and \`label\`. Of parts, as Keras has them, they are
\`x_train\`, \`y_train\`, \`x_val\`, \`y_val\`, \`x_test\`, \`y_test\`, with a column \`part\`. Whole numbers, floats and booleans of 8
to 64 bits are taken, in C order. Without any \`y\`, there is no \`label\`.`;

const FILE = { type: 'string', format: 'binary' };
const { $schema: _, ...IMPORT } = z.toJSONSchema(DatasetImport, { io: 'input', target: 'draft-2020-12' });
const streamedBody = {
  'multipart/form-data': {
    schema: {
      type: 'object',
      required: ['file'],
      properties: { columnTypes: { type: 'string' }, name: { type: 'string' }, file: FILE, labels: FILE },
    },
  },
  ...Object.fromEntries(Object.keys(MEDIA_TYPES).map((type) => [type, { schema: FILE }])),
  'application/json': { schema: IMPORT },
};

export const datasetRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { datasets, store } = context;
  await app.register(uploadRoute, { context });

  app.get(
    '',
    {
      schema: {
        operationId: 'listDatasets',
        summary: 'List data sets, the oldest first',
        tags,
        querystring: PageQuery.extend({ name: Filter }),
        response: { 200: pageOf(DatasetResource), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const page = await store.datasets.list(request.caller.projectId, filter, { limit, cursor });
      return pageResource(page, datasetResource);
    },
  );

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getDataset',
        summary: 'Get a data set: its columns and what they hold',
        tags,
        params: IdParams,
        response: { 200: DatasetResource, ...problems('notFound') },
      },
    },
    async (request) => datasetResource(await visibleDataset(request.params.id, request.caller.projectId)),
  );

  app.get(
    '/:id/preview',
    {
      schema: {
        operationId: 'previewDataset',
        summary: 'Read the first rows, as the file has them',
        description:
          'Of large pictures there are fewer rows than `limit`, one at least. Of a ZIP, a row is a picture’s file, label, height and width.',
        tags,
        params: IdParams,
        querystring: PreviewQuery,
        response: { 200: pageOf(PreviewRow), ...problems('notFound') },
      },
    },
    async (request) => {
      const dataset = await visibleDataset(request.params.id, request.caller.projectId);
      return wholePage(await datasets.preview(dataset, request.query.limit), (row) => row);
    },
  );

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteDataset',
        summary: 'Delete a data set that no job needs any more',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems('notFound', 'datasetInUse') },
      },
    },
    async (request, reply) => {
      await datasets.delete(request.caller.projectId, request.params.id);
      return reply.code(204).send();
    },
  );

  async function visibleDataset(id: string, projectId: string) {
    return found(await store.datasets.get(id, projectId), 'data set', id);
  }
};

/** In a scope of its own, as only here bodies are streamed. */
const uploadRoute: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { datasets, config, outbound } = context;
  const { maxUploadBytes: maxBytes } = config;
  await app.register(uploadBody, {
    maxBytes,
    json: true,
    mediaTypes: Object.keys(MEDIA_TYPES),
    maxFiles: MAX_FILES,
  });

  app.post(
    '',
    {
      config: { streamedBody },
      schema: {
        operationId: 'createDataset',
        summary: 'Upload a data set',
        description: UPLOAD,
        tags,
        querystring: RawUploadQuery,
        response: {
          201: DatasetResource,
          ...problems(
            'invalidDataset',
            'invalidUrl',
            'tooLarge',
            'unsupportedMediaType',
            'idempotencyInFlight',
            'idempotencyMismatch',
            'storageFull',
            'diskFull',
          ),
        },
      },
    },
    async (request, reply) => {
      const { caller, idempotencyKey } = request;
      const upload = await uploadOf(request, reply);
      const { row, replayed } = await datasets.register(caller.projectId, { ...upload, idempotencyKey });
      const dataset = datasetResource(row);
      return reply.code(201).replayed(replayed).header('location', dataset.urls.self).send(dataset);
    },
  );

  async function uploadOf(
    request: FastifyRequest<{ Querystring: z.infer<typeof RawUploadQuery> }>,
    reply: FastifyReply,
  ) {
    if (request.isMultipart()) return formUpload(request);
    if (!isJson(request)) return rawUpload(request, request.query);
    // Nothing moves on the client’s connection meanwhile; that it is given up is for the download’s own limits.
    request.raw.socket.setTimeout?.(0);
    return fetchedUpload(request.body, outbound, { maxBytes, signal: clientGone(reply) });
  }
};

function isJson({ headers }: FastifyRequest): boolean {
  return /^application\/json\b/i.test(headers['content-type'] ?? '');
}
