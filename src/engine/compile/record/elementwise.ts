import { backend_util, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core';
import type { MapFunction, Operand } from '../ir/program.ts';
import type { Factor } from '../ir/view.ts';
import type { Kernels } from './kernels.ts';
import { type Recorder, sizeOf, UnrecordableError } from './recorder.ts';

/** What a kernel computes of its operands, all of one size, in map functions. */
type Formula = (map: Mapper, operands: readonly Operand[], attrs: NamedAttrMap) => Operand;
type Mapper = (fn: MapFunction, ...operands: Operand[]) => Operand;

const SELU = { scale: 1.0507009873554805, alpha: 1.6732632423543772 };

const FORMULAS: Readonly<Record<string, Formula>> = {
  ...plain({ Neg: 'neg', Abs: 'abs', Sign: 'sign', Sqrt: 'sqrt', Exp: 'exp', Expm1: 'expm1', Log: 'log' }),
  ...plain({ Log1p: 'log1p', Sigmoid: 'sigmoid', Tanh: 'tanh', Erf: 'erf' }),
  ...plain({ Add: 'add', Sub: 'sub', Multiply: 'mul', RealDiv: 'div', Maximum: 'max', Minimum: 'min' }),
  ...plain({ Greater: 'gt', GreaterEqual: 'ge', Less: 'lt', LessEqual: 'le', Equal: 'eq', NotEqual: 'ne' }),
  ...plain({ Select: 'select', LogicalAnd: 'mul', LogicalOr: 'max' }),
  LogicalNot: (map, [x]) => map('sub', 1, x!),
  Square: (map, [x]) => map('mul', x!, x!),
  SquaredDifference: (map, [a, b]) => {
    const difference = map('sub', a!, b!);
    return map('mul', difference, difference);
  },
  Rsqrt: (map, [x]) => map('div', 1, map('sqrt', x!)),
  Reciprocal: (map, [x]) => map('div', 1, x!),
  Pow: (map, [x, exponent]) => power(map, x!, exponent!),
  Relu: (map, [x]) => map('max', x!, 0),
  Relu6: (map, [x]) => map('min', map('max', x!, 0), 6),
  ClipByValue: (map, [x], { clipValueMin, clipValueMax }) =>
    map('min', map('max', x!, clipValueMin as number), clipValueMax as number),
  LeakyRelu: (map, [x], { alpha }) => map('select', map('gt', x!, 0), x!, map('mul', x!, alpha as number)),
  Elu: (map, [x]) => map('select', map('gt', x!, 0), x!, map('expm1', x!)),
  EluGrad: (map, [dy, y]) => map('mul', dy!, map('select', map('ge', y!, 0), 1, map('add', y!, 1))),
  Selu: (map, [x]) =>
    map(
      'select',
      map('gt', x!, 0),
      map('mul', x!, SELU.scale),
      map('mul', map('expm1', x!), SELU.scale * SELU.alpha),
    ),
  Softplus: (map, [x]) => map('add', map('max', x!, 0), map('log1p', map('exp', map('neg', map('abs', x!))))),
  Step: (map, [x], { alpha }) => {
    const above = map('gt', x!, 0);
    return alpha ? map('select', above, 1, alpha as number) : above;
  },
};

/** tfjs asks of a condition that it is a truth. */
const TRUTHS: ReadonlySet<string> = new Set([
  ...['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'],
  ...['LogicalAnd', 'LogicalOr', 'LogicalNot'],
]);

/** The powers that gradients ask for. */
function power(map: Mapper, x: Operand, exponent: Operand): Operand {
  if (exponent === 0.5) return map('sqrt', x);
  if (exponent === 1.5) return map('mul', x, map('sqrt', x));
  if (exponent === 2) return map('mul', x, x);
  throw new UnrecordableError('it raises to a power other than ½, 1½ and 2');
}

function plain(functions: Readonly<Record<string, MapFunction>>): Record<string, Formula> {
  return Object.fromEntries(
    Object.entries(functions).map(([name, fn]) => [name, (map, operands) => map(fn, ...operands)]),
  );
}

/** The order in which a kernel's operands stand in its formula. */
const OPERANDS = ['condition', 't', 'e', 'dy', 'a', 'x', 'b', 'y'] as const;

export const elementwise: Kernels = {
  ...Object.fromEntries(
    Object.entries(FORMULAS).map(([name, formula]) => [
      name,
      (recorder, inputs, attrs) => {
        const tensors = OPERANDS.flatMap((operand) => inputs[operand] ?? []);
        const shape = tensors.map((tensor) => tensor.shape).reduce(backend_util.assertAndGetBroadcastShape);
        return apply(recorder, formula, tensors, shape, attrs, TRUTHS.has(name) ? 'bool' : 'float32');
      },
    ]),
  ),
  AddN: (recorder, inputs, attrs) => {
    const tensors = Object.values(inputs);
    const sum: Formula = (map, operands) => operands.reduce((total, operand) => map('add', total, operand));
    return apply(recorder, sum, tensors, tensors[0]!.shape, attrs);
  },
  // Truth is 1 or 0 already.
  Cast: (recorder, { x }, { dtype }) => {
    const truncates = x!.dtype === 'float32' && dtype === 'int32';
    const content = recorder.contentOf(x!);
    const cast = truncates ? recorder.map('trunc', [content], sizeOf(x!.shape)) : content;
    return recorder.tensor(cast, x!.shape, dtype as TensorInfo['dtype']);
  },
};

function apply(
  recorder: Recorder,
  formula: Formula,
  tensors: readonly TensorInfo[],
  shape: number[],
  attrs: NamedAttrMap,
  dtype: TensorInfo['dtype'] = 'float32',
): TensorInfo {
  const size = sizeOf(shape);
  const operands = tensors.map((tensor) => broadcast(recorder, tensor, shape));
  const content = formula((fn, ...of) => recorder.map(fn, of, size), operands, attrs);
  return recorder.tensor(content, shape, dtype);
}

/** The tensor as it is seen in a greater shape. */
export function broadcast(recorder: Recorder, tensor: TensorInfo, shape: readonly number[]): Operand {
  const content = recorder.contentOf(tensor);
  if (typeof content === 'number' || sizeOf(tensor.shape) === sizeOf(shape)) return content;
  const { view, axes } = recorder.axesOf(tensor);
  const missing = shape.length - axes.length;
  const factors = shape.flatMap((size, axis): Factor[] => {
    const own = axis < missing ? 1 : tensor.shape[axis - missing]!;
    return own === size ? (axes[axis - missing] ?? []) : [[size, 0]];
  });
  return { ...view, factors };
}
