import { z } from 'zod';
import { JsonNumber, PositiveInt } from './common.ts';

/** Monte-Carlo dropout: how many stochastic passes, and what to tell of them. */
export const McDropoutSpec = z
  .strictObject({
    samples: PositiveInt.max(10_000).default(100),
    seed: z.int().min(0).default(0),
    quantiles: z.array(z.number().min(0).max(1)).max(20).default([0.05, 0.95]),
    returnSamples: z.boolean().default(false),
    targetStandardError: z.number().positive().optional().meta({
      description:
        'Stop early once every mean’s standard error is at or below this, in the answer’s units; `samples` stays the bound.',
    }),
  })
  .meta({ id: 'McDropout' });
export type McDropoutSpec = z.infer<typeof McDropoutSpec>;

/** A row as the data set had it, by column. */
export type InputRow = Record<string, string | number | boolean | null | InputList>;
/** Numbers, or lists of them, or rows. */
export type InputList = (number | InputList | InputRow)[];

const InputList: z.ZodType<InputList> = z
  .lazy(() => z.array(z.union([z.number(), InputList, InputRow])))
  .meta({
    id: 'InputList',
    description:
      'A row’s numbers, in the order of the model’s inputs. Or a picture’s numbers, in as many lists as it has axes; an axis of 1 at the end may be left out. Or the rows of a window, the earliest first.',
  });
const InputRow: z.ZodType<InputRow> = z
  .lazy(() => z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), InputList])))
  .meta({
    id: 'InputRow',
    description:
      'A row as the data set had it: `{ "age": 28 }`, or `{ "image": [[0, 255], [255, 0]] }`. A picture may be a PNG or JPEG in base64: `{ "image": "iVBORw0KGgo…" }`.',
  });

const InputPicture = z.string().min(1).meta({
  id: 'InputPicture',
  description: 'A PNG or JPEG in base64, or as a data URL: `data:image/png;base64,iVBORw0KGgo…`.',
});

/** One input: a row, by column or as a list; a picture, as numbers or as a file; or the rows of a window. */
export const PredictionInput = z.union([InputRow, InputList, InputPicture]);
export type PredictionInput = z.infer<typeof PredictionInput>;

/** The most inputs times passes of one request: what a predictor answers in seconds. */
export const SAMPLED_AT_ONCE = 2_000_000;

export const PredictionRequest = z
  .strictObject({
    inputs: z.array(PredictionInput).min(1).max(10_000),
    mcDropout: McDropoutSpec.optional(),
    abstainAbove: z.number().min(0).optional().meta({
      description:
        'Marks the inputs whose uncertainty is above this: the std of a regression (the aleatoricStd without mcDropout), the predictive entropy (nats) of classes or labels, the error of a reconstruction.',
    }),
  })
  .refine(({ inputs, mcDropout }) => inputs.length * (mcDropout?.samples ?? 1) <= SAMPLED_AT_ONCE, {
    error: `inputs times samples must be at most ${SAMPLED_AT_ONCE}: send fewer inputs at once`,
    path: ['mcDropout', 'samples'],
  })
  .meta({ id: 'PredictionRequest' });
export type PredictionRequest = z.infer<typeof PredictionRequest>;

const Quantile = z.strictObject({ quantile: z.number(), value: JsonNumber });

/** In the target's units. What is said of a Gaussian model holds where a stage was trained with `gaussianNll`. */
export const RegressionPrediction = z.strictObject({
  mean: JsonNumber.meta({ description: 'Of many passes the mean of their answers.' }),
  std: JsonNumber.optional().meta({
    description:
      'Of many passes: the standard deviation of their answers, which is the model’s own uncertainty. Of a Gaussian model it is all of the uncertainty, the noise in the data too: √(aleatoricStd² + epistemicStd²), the law of total variance.',
  }),
  aleatoricStd: JsonNumber.optional().meta({
    description:
      'Of a Gaussian model: the standard deviation of the noise that it expects in the data; of many passes the root of their mean variance.',
  }),
  epistemicStd: JsonNumber.optional().meta({
    description: 'Of a Gaussian model and many passes: the standard deviation of the passes’ means.',
  }),
  quantiles: z.array(Quantile).optional().meta({
    description:
      'Of many passes: of their answers, interpolated linearly. Of a Gaussian model: where the distribution function of the equal mixture of the passes’ Gaussians has that value, so that 0 and 1 are infinite.',
  }),
  samples: z.array(JsonNumber).optional().meta({
    description: 'Each pass’s answer; of a Gaussian model each pass’s mean.',
  }),
  abstained: z.boolean().optional(),
});
export const ClassificationPrediction = z.strictObject({
  predictedClass: z.string(),
  probabilities: z.record(z.string(), JsonNumber),
  probabilitiesStd: z.record(z.string(), JsonNumber).optional(),
  predictiveEntropy: JsonNumber.meta({ description: 'In nats.' }),
  expectedEntropy: JsonNumber.optional(),
  mutualInformation: JsonNumber.optional(),
  samples: z.array(z.record(z.string(), JsonNumber)).optional(),
  abstained: z.boolean().optional(),
});
export const MultilabelPrediction = z.strictObject({
  predictedLabels: z.array(z.string()).meta({ description: 'Those whose probability is ½ or more.' }),
  probabilities: z.record(z.string(), JsonNumber).meta({ description: 'Of each label on its own.' }),
  probabilitiesStd: z.record(z.string(), JsonNumber).optional(),
  predictiveEntropy: JsonNumber.meta({
    description: 'In nats: the sum of the labels’ entropies, for they are independent given the network.',
  }),
  expectedEntropy: JsonNumber.optional(),
  mutualInformation: JsonNumber.optional(),
  samples: z.array(z.record(z.string(), JsonNumber)).optional(),
  abstained: z.boolean().optional(),
});
/** A column's value as the data have it: nested lists of a picture. */
export type DecodedValue = JsonNumber | string | boolean | null | DecodedValue[];
export type DecodedRow = Record<string, DecodedValue>;

const DecodedValue: z.ZodType<DecodedValue> = z
  .lazy(() => z.union([JsonNumber, z.string(), z.boolean(), z.null(), z.array(DecodedValue)]))
  .meta({ id: 'DecodedValue' });
const DecodedRow = z.record(z.string(), DecodedValue);

/** Of a model that puts its input together again. Its errors tell what is unlike what it was trained on. */
export const ReconstructionPrediction = z.strictObject({
  reconstruction: z.union([DecodedRow, z.array(DecodedRow)]).meta({
    description:
      'The input as the model puts it together again, by column and in the data’s own units; of a window its rows. Of many passes the mean of what they say.',
  }),
  error: JsonNumber.meta({
    description:
      'The root mean square of the differences to the input, in encoded (standardized) units; of many passes the mean of their errors. A model of masked stages was never asked for what isn’t hidden.',
  }),
  errorStd: JsonNumber.optional().meta({
    description: 'Of many passes: the standard deviation of their errors.',
  }),
  quantiles: z.array(Quantile).optional().meta({ description: 'Of many passes: of their errors.' }),
  samples: z.array(JsonNumber).optional().meta({ description: 'Each pass’s error.' }),
  abstained: z.boolean().optional(),
});
export type ReconstructionPrediction = z.infer<typeof ReconstructionPrediction>;

/** Of a generator, which takes noise. */
export const MadeUpExample = z.strictObject({
  example: z.union([DecodedRow, z.array(DecodedRow)]).meta({
    description:
      'What the generator makes of the noise, by column and in the data’s own units; of a window its rows. Of many passes the mean.',
  }),
});
export type MadeUpExample = z.infer<typeof MadeUpExample>;
export type RegressionPrediction = z.infer<typeof RegressionPrediction>;
export type ClassificationPrediction = z.infer<typeof ClassificationPrediction>;
export type MultilabelPrediction = z.infer<typeof MultilabelPrediction>;

export const PredictionResponse = z
  .strictObject({
    modelId: z.string(),
    samplesUsed: z.int().meta({ description: 'Stochastic passes; 0 for one deterministic pass.' }),
    predictions: z.array(
      z.union([
        RegressionPrediction,
        ClassificationPrediction,
        MultilabelPrediction,
        ReconstructionPrediction,
        MadeUpExample,
      ]),
    ),
  })
  .meta({ id: 'PredictionResponse' });
export type PredictionResponse = z.infer<typeof PredictionResponse>;
