import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { lineageOf } from '../../../src/jobs/lineage.ts';
import { ModelImport } from '../../../src/spec/model-import.ts';
import { PredictionRequest, PredictionResponse } from '../../../src/spec/prediction.ts';
import { LayerResource } from '../../../src/spec/resource/layer.ts';
import { LineageResource } from '../../../src/spec/resource/lineage.ts';
import { ModelResource } from '../../../src/spec/resource/model.ts';
import { PageQuery, pageOf } from '../../../src/spec/resource/page.ts';
import { inferShapes } from '../../../src/spec/shapes.ts';
import type { ApiContext } from '../context.ts';
import { clientGone } from '../plugins/client-gone.ts';
import { uploadBody } from '../plugins/upload-body.ts';
import { layerResource } from '../resources/layer.ts';
import { lineageResource } from '../resources/lineage.ts';
import { modelResource } from '../resources/model.ts';
import { pageResource, wholePage } from '../resources/page.ts';
import { NoContent, problems } from '../responses.ts';
import { found } from './found.ts';
import { formUpload } from './model-upload.ts';
import { Filter, IdParams } from './params.ts';

const tags = ['models'];
/** Shards have 4 MB as a rule. */
const MAX_FILES = 2_000;

const IMPORT = `A model of another’s, as a form. \`model\` is a \`model.json\` of TensorFlow.js, with each of its shards a part
\`weights\` under the file name that its manifest says, quantized or not; or a ZIP of all these; or a \`.keras\` archive,
or a whole model of Keras’s in HDF5. Every layer becomes one of the layers here, and what has none is refused with a
pointer to it.

Fields may stand before and after the files. \`classes\`, \`inputs\` and \`inputShape\` are JSON lists; \`input\` is a word or
a JSON object. Other models can begin with the layers of an import (\`model.from\`), and where its head suits a task it
predicts. Unpacked, and as float32, it has at most as many bytes as an upload. Honours \`Idempotency-Key\`.`;

const FILE = { type: 'string', format: 'binary' };
const TEXT = { type: 'string' };
const streamedBody = {
  'multipart/form-data': {
    schema: {
      type: 'object',
      required: ['model'],
      properties: {
        ...Object.fromEntries(Object.keys(ModelImport.shape).map((field) => [field, TEXT])),
        model: FILE,
        weights: { type: 'array', items: FILE },
      },
    },
  },
};

export const modelRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { store, predictions, models } = context;
  await app.register(importRoute, { context });

  app.get(
    '',
    {
      schema: {
        operationId: 'listModels',
        summary: 'List models, the oldest first',
        tags,
        querystring: PageQuery.extend({
          name: Filter,
          parent: Filter.meta({ description: 'The id of a model: those that build on it.' }),
          job: Filter.meta({
            description: 'The id of a job: those that it made. A GAN has a generator too.',
          }),
        }),
        response: { 200: pageOf(ModelResource), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const page = await store.models.list(request.caller.projectId, filter, { limit, cursor });
      return pageResource(page, modelResource);
    },
  );

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getModel',
        summary: 'Get a model',
        tags,
        params: IdParams,
        response: { 200: ModelResource, ...problems('notFound') },
      },
    },
    async (request) => modelResource(await visibleModel(request.params.id, request.caller.projectId)),
  );

  app.get(
    '/:id/layers',
    {
      schema: {
        operationId: 'getModelLayers',
        summary: 'List a model’s layers, from the lowest up',
        description:
          'By these names and their count another job may begin with some of them (`model.from`). None for a model from before they were kept.',
        tags,
        params: IdParams,
        response: { 200: pageOf(LayerResource), ...problems('notFound') },
      },
    },
    async (request) => {
      const { id, projectId } = await visibleModel(request.params.id, request.caller.projectId);
      const structure = await store.models.structureOf(id, projectId);
      const layers = structure ? inferShapes(structure.network.inputShape, structure.network.layers) : [];
      return wholePage(layers, layerResource);
    },
  );

  app.get(
    '/:id/lineage',
    {
      schema: {
        operationId: 'getLineage',
        summary: 'Tell what a model comes from',
        description:
          'The model itself, the one that it builds on, and so on down to the first, an import, or one whose parent is deleted.',
        tags,
        params: IdParams,
        response: { 200: pageOf(LineageResource), ...problems('notFound') },
      },
    },
    async (request) => {
      const model = await visibleModel(request.params.id, request.caller.projectId);
      return wholePage(await lineageOf(store, model), lineageResource);
    },
  );

  app.post(
    '/:id/predictions',
    {
      // Rows and pictures are many small lists.
      config: { invalidBody: 'invalidInput', mostParts: 400_000 },
      schema: {
        operationId: 'predict',
        summary: 'Predict, with uncertainty if asked',
        description:
          'Without `mcDropout` it is one deterministic pass. The same request with the same seed has the same answer.',
        tags,
        params: IdParams,
        body: PredictionRequest,
        response: {
          200: PredictionResponse,
          ...problems(
            'notFound',
            'invalidInput',
            'noPredictions',
            'noTask',
            'notStochastic',
            'tooLarge',
            'unsupportedMediaType',
          ),
        },
      },
    },
    async (request, reply) => {
      const model = await visibleModel(request.params.id, request.caller.projectId);
      return predictions.predict(model, request.body, clientGone(reply));
    },
  );

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteModel',
        summary: 'Delete a model that no job needs any more',
        description:
          'Refused while a job that hasn’t ended begins with its layers. Jobs that had it keep its id.',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems('notFound', 'modelInUse') },
      },
    },
    async (request, reply) => {
      await models.delete(request.caller.projectId, request.params.id);
      return reply.code(204).send();
    },
  );

  async function visibleModel(id: string, projectId: string) {
    return found(await store.models.get(id, projectId), 'model', id);
  }
};

/** In a scope of its own, as only here bodies are streamed. */
const importRoute: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { models, config } = context;
  await app.register(uploadBody, { maxBytes: config.maxUploadBytes, mediaTypes: [], maxFiles: MAX_FILES });

  app.post(
    '',
    {
      config: { streamedBody },
      schema: {
        operationId: 'importModel',
        summary: 'Import a model',
        description: IMPORT,
        tags,
        response: {
          201: ModelResource,
          ...problems(
            'invalidModel',
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
      const { row, replayed } = await models.importModel(caller.projectId, {
        ...formUpload(request),
        idempotencyKey,
      });
      const model = modelResource(row);
      return reply.code(201).replayed(replayed).header('location', model.urls.self).send(model);
    },
  );
};
