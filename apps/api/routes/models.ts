import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { lineageOf } from '../../../src/jobs/lineage.ts';
import { PredictionRequest, PredictionResponse } from '../../../src/spec/prediction.ts';
import { LayerResource } from '../../../src/spec/resource/layer.ts';
import { LineageResource } from '../../../src/spec/resource/lineage.ts';
import { ModelResource } from '../../../src/spec/resource/model.ts';
import { PageQuery, pageOf } from '../../../src/spec/resource/page.ts';
import { inferShapes } from '../../../src/spec/shapes.ts';
import type { ApiContext } from '../context.ts';
import { clientGone } from '../plugins/client-gone.ts';
import { layerResource } from '../resources/layer.ts';
import { lineageResource } from '../resources/lineage.ts';
import { modelResource } from '../resources/model.ts';
import { pageResource, wholePage } from '../resources/page.ts';
import { problems } from '../responses.ts';
import { found } from './found.ts';
import { Filter, IdParams } from './params.ts';

const tags = ['models'];

export const modelRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { store, predictions } = context;

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
        description: 'The model itself, the one that it builds on, and so on down to the first or an import.',
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
      config: { invalidBody: 'invalidInput' },
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

  async function visibleModel(id: string, projectId: string) {
    return found(await store.models.get(id, projectId), 'model', id);
  }
};
