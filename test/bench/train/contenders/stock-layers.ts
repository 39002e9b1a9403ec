import { layers as make } from '@tensorflow/tfjs-layers';
import type { NamedLayer } from '../../../../src/spec/layer.ts';

type StockLayer = make.Layer;
/** The weights are replaced; its orthogonal ones want the union package. */
const RECURRENT = { recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' } as const;

type Shaped = { inputShape?: number[] };

/** The layer of TensorFlow.js that does the same. @throws Error where it has none that a sequential model takes */
export function stockLayer(layer: NamedLayer, shaped: Shaped): StockLayer {
  switch (layer.type) {
    case 'dense':
      return make.dense({ ...shaped, units: layer.units, activation: named(layer.activation) });
    case 'dropout':
      return make.dropout({ ...shaped, rate: layer.rate });
    case 'conv2d': {
      const { filters, kernelSize, useBias, padding, activation } = layer;
      return make.conv2d({
        ...shaped,
        filters,
        kernelSize,
        useBias,
        padding,
        activation: named(activation),
      });
    }
    case 'maxPool':
      return make.maxPooling2d({ poolSize: 2 });
    case 'batchNorm':
      return make.batchNormalization({});
    case 'activation':
      return make.activation({ activation: named(layer.activation) });
    case 'flatten':
      return make.flatten();
    case 'lstm':
      return make.lstm({ ...shaped, units: layer.units, ...RECURRENT });
    case 'gru':
      // Its reset gate acts before the recurrent product, which costs one product more: the other way throws.
      return make.gru({ ...shaped, units: layer.units, ...RECURRENT });
    default:
      throw new Error(`a ${layer.type} layer doesn’t fit into a sequential model`);
  }
}

type Name = NonNullable<Parameters<typeof make.dense>[0]['activation']>;

function named(activation: unknown): Name {
  return activation as Name;
}
