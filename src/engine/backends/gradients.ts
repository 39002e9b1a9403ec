// In Node, tfjs-core registers no gradient by itself; the layers package registers them all.
import '@tensorflow/tfjs-layers';
import {
  Equal,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  NotEqual,
  registerGradient,
  zerosLike,
} from '@tensorflow/tfjs-core';

/**
 * A comparison is flat wherever it has a slope at all. tfjs gives it no gradient, so that `where(x > 0, …)`
 * can't be differentiated by x, though the branches can.
 */
for (const kernelName of [Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual]) {
  registerGradient({
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (_dy, saved) => ({ a: () => zerosLike(saved[0]!), b: () => zerosLike(saved[1]!) }),
  });
}
