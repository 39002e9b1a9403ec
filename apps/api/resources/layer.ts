import type { LayerResource } from '../../../src/spec/resource/layer.ts';
import type { LayerShape } from '../../../src/spec/shapes.ts';

export function layerResource({
  name,
  type,
  inputShape,
  outputShape,
  parameters,
}: LayerShape): LayerResource {
  return { name, type, inputShape: [...inputShape], outputShape: [...outputShape], parameters };
}
