import { expandModel } from './expand.ts';
import type { NamedLayer } from './layer.ts';
import { ModelSpec } from './model.ts';
import { endsInPicture, flattened, type NetworkSpec } from './network.ts';
import type { ObjectiveOf } from './objective.ts';
import type { FittedPreprocess, Preprocess } from './preprocess.ts';
import { size } from './shapes.ts';

/** The network that a GAN makes examples up with, by the spec of its objective. */

/**
 * Settles a generator: from noise `[latent]` to an encoded example, flat.
 * @param inputShape of an encoded example
 * @throws ShapeError for layers that don't fit together
 */
export function resolveGenerator(
  { latent, generator }: ObjectiveOf<'gan'>,
  inputShape: readonly number[],
): NetworkSpec {
  const layers = expandModel(ModelSpec.parse({ layers: generator.layers })).map(({ layer }) => layer);
  const output = endsInPicture(layers, [latent], inputShape) ? flattened() : linear(size(inputShape));
  return { inputShape: [latent], layers: [...layers, output], distribution: 'point' };
}

function linear(units: number): NamedLayer {
  return { type: 'dense', name: 'output', units, activation: 'linear', useBias: true };
}

const PREFIX = 'generator.';

/** The same with names that no layer of a discriminator can have, so that the weights of both are one tree. */
export function besideDiscriminator(network: NetworkSpec): NetworkSpec {
  return renamed(network, (name) => PREFIX + name);
}

/** The generator by itself again. */
export function byItself(network: NetworkSpec): NetworkSpec {
  return renamed(network, withoutPrefix);
}

/** The name of a layer, or of a weight, of the generator by itself. */
export function withoutPrefix(name: string): string {
  return name.slice(PREFIX.length);
}

function renamed({ layers, ...network }: NetworkSpec, rename: (name: string) => string): NetworkSpec {
  const renamedLayers = layers.map(({ name, inputs, ...layer }) => ({
    ...layer,
    name: rename(name),
    ...(inputs && { inputs: inputs.map((input) => (input === 'input' ? input : rename(input))) }),
  }));
  return { ...network, layers: renamedLayers as NamedLayer[] };
}

/** What a generator takes and gives: noise, a number a column, and an example of these columns. */
export function generatorPreprocess(
  { inputShape: [latent] }: NetworkSpec,
  { inputs: columns, window }: Pick<Preprocess, 'inputs' | 'window'>,
): FittedPreprocess {
  const inputs = Array.from({ length: latent! }, (_, i) => ({
    type: 'number' as const,
    name: `z${i + 1}`,
    mean: 0,
    std: 1,
  }));
  return { task: 'gan', inputs, target: { type: 'example', inputs: columns, window } };
}
