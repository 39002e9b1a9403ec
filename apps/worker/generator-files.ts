import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodePictures } from '../../src/data/decode-pictures.ts';
import { encodePng } from '../../src/data/pictures/encode-png.ts';
import type { Network } from '../../src/engine/model/network.ts';
import { makeUpExamples } from '../../src/engine/predict/make-up.ts';
import { encodeModel } from '../../src/engine/predict/trained-model.ts';
import type { NamedArrays } from '../../src/safetensors.ts';
import { byItself, generatorPreprocess, withoutPrefix } from '../../src/spec/generator.ts';
import type { Preprocess } from '../../src/spec/preprocess.ts';
import type { MadeModel } from '../../src/spec/trainer.ts';

/** As many a side does the grid of samples have. */
const SIDE = 8;

interface Made {
  readonly generator: Network;
  readonly preprocess: Preprocess;
  /** Those of the whole job. */
  readonly weights: NamedArrays;
  readonly workDirectory: string;
}

/**
 * Writes a grid of pictures that the generator makes up, as a PNG.
 * @returns its path; null where the examples are no pictures
 */
export async function writeSamples(
  { generator, preprocess, weights, workDirectory }: Made,
  stage: number,
  seed: number,
): Promise<string | null> {
  const examples = await makeUpExamples(generator, ownWeights(generator, weights), seed, SIDE * SIDE);
  const grid = decodePictures(preprocess, examples, SIDE);
  if (!grid) return null;
  const path = join(workDirectory, `samples-stage-${stage}.png`);
  await writeFile(path, await encodePng(grid.values, grid));
  return path;
}

/** Writes the generator as a model of its own. */
export async function writeGenerator({
  generator,
  preprocess,
  weights,
  workDirectory,
}: Made): Promise<MadeModel> {
  const network = byItself(generator.spec);
  const own = Object.entries(ownWeights(generator, weights)).map(
    ([name, array]) => [withoutPrefix(name), array] as const,
  );
  const modelPath = join(workDirectory, 'generator.safetensors');
  const structure = { network, preprocess: generatorPreprocess(network, preprocess) };
  await writeFile(modelPath, encodeModel(network, structure.preprocess, Object.fromEntries(own)));
  return { modelPath, structure };
}

/** A network's own, where those of another stand beside them. */
export function ownWeights({ weights: own }: Network, weights: NamedArrays): NamedArrays {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => own.has(name)));
}
