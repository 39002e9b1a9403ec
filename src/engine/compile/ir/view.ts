/** So many positions, each so many elements after the one before it; 0 repeats the same elements. */
export type Factor = readonly [size: number, stride: number];

/** The index of a value in its program. */
export type ValueId = number;

/**
 * How an operation sees a value: element i of the view, in row-major order of `factors`, lies at `offset` plus the
 * sum of its positions times the strides. Reshaping changes nothing here, and slices, transpositions and broadcasts
 * only the factors, so none of them moves a number.
 */
export interface View {
  readonly value: ValueId;
  readonly offset: number;
  readonly factors: readonly Factor[];
}

export function sizeOf(factors: readonly Factor[]): number {
  return factors.reduce((product, [size]) => product * size, 1);
}

/** All of a value, as it lies. */
export function whole(value: ValueId, size: number): View {
  return { value, offset: 0, factors: merged([[size, 1]]) };
}

/** The same with as few factors as there can be. */
export function merged(factors: readonly Factor[]): Factor[] {
  const result: Factor[] = [];
  for (const [size, stride] of factors) {
    if (size === 1) continue;
    const last = result.at(-1);
    if (last && last[1] === size * stride) result[result.length - 1] = [last[0] * size, stride];
    else result.push([size, stride]);
  }
  return result;
}

/** Whether element i lies at `offset` + i. */
export function isContiguous({ factors }: View): boolean {
  const [first, ...others] = merged(factors);
  return first === undefined || (others.length === 0 && first[1] === 1);
}

/** Whether the view is all of a value of this size, as it lies. */
export function isWhole(view: View, size: number): boolean {
  return view.offset === 0 && isContiguous(view) && sizeOf(view.factors) === size;
}

/**
 * The factors cut so that each axis of `shape` has its own; null where an axis begins in the middle of a position.
 */
export function cutAlong(factors: readonly Factor[], shape: readonly number[]): Factor[][] | null {
  const left = merged(factors);
  const axes: Factor[][] = [];
  for (const length of [...shape].reverse()) {
    const axis: Factor[] = [];
    let wanted = length;
    while (wanted > 1) {
      const [size, stride] = left.pop()!;
      if (wanted % size === 0) {
        axis.unshift([size, stride]);
        wanted /= size;
      } else if (size % wanted === 0) {
        axis.unshift([wanted, stride]);
        left.push([size / wanted, stride * wanted]);
        wanted = 1;
      } else return null;
    }
    axes.unshift(axis);
  }
  return axes;
}

/** One factor for each axis of `shape`; null where an axis has no single stride. */
export function strided(view: View, shape: readonly number[]): Factor[] | null {
  const axes = cutAlong(view.factors, shape)?.map(merged);
  if (!axes || axes.some((axis) => axis.length > 1)) return null;
  return axes.map((axis, i) => axis[0] ?? [shape[i]!, 0]);
}

/** Passes ask again and again, and views never change. */
const keys = new WeakMap<View, string>();

/** Views may be used one for the other when these are equal. */
export function keyOf(view: View): string {
  const known = keys.get(view);
  if (known !== undefined) return known;
  const { value, offset, factors } = view;
  const key = `${value}+${offset}:${merged(factors).map(([size, stride]) => `${size}x${stride}`)}`;
  keys.set(view, key);
  return key;
}

/**
 * What `outer` sees of a value that is itself what `inner` sees of another; null where no strides say that.
 * @param outer over the elements of `inner` in their order
 */
export function compose(inner: View, outer: Omit<View, 'value'>): View | null {
  const axes = withSpans(merged(inner.factors));
  let [offset, rest] = [inner.offset, outer.offset];
  // How far along each axis all factors together get: none may go on in the next position of the axis before.
  const reached = axes.map(({ stride, span }) => {
    const position = Math.floor(rest / span);
    rest %= span;
    offset += position * stride;
    return position;
  });
  const factors: Factor[] = [];
  for (const factor of merged(outer.factors)) {
    const steps = stepsThrough(axes, reached, factor);
    if (!steps) return null;
    factors.push(...steps);
  }
  return { value: inner.value, offset, factors };
}

interface Axis {
  readonly size: number;
  readonly stride: number;
  /** How many elements further the next position of this axis is. */
  readonly span: number;
}

function withSpans(factors: readonly Factor[]): Axis[] {
  let span = sizeOf(factors);
  return factors.map(([size, stride]) => {
    span /= size;
    return { size, stride, span };
  });
}

function stepsThrough(axes: readonly Axis[], reached: number[], [size, stride]: Factor): Factor[] | null {
  if (stride === 0) return [[size, 0]];
  const steps: Factor[] = [];
  let [left, distance] = [size, stride];
  while (left > 1) {
    const at = axes.findIndex(({ span, size }) => span <= distance && distance < span * size);
    const axis = axes[at];
    if (!axis || distance % axis.span !== 0) return null;
    const step = distance / axis.span;
    const isWithin = reached[at]! + (left - 1) * step < axis.size;
    const room = axis.size / step;
    const goesRound = Number.isInteger(room) && left % room === 0 && reached[at]! < step;
    if (!isWithin && !goesRound) return null;
    const count = isWithin ? left : room;
    reached[at]! += (count - 1) * step;
    steps.unshift([count, axis.stride * step]);
    left /= count;
    distance *= count;
  }
  return steps;
}
