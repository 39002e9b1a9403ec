import { z } from 'zod';
import type { JsonObject } from './json.ts';
import { numberOption, readSerialized } from './serialized.ts';

/** What our layers call a regularizer and a constraint. */
export interface Penalties {
  readonly l1?: number;
  readonly l2?: number;
}

type Amounts = { readonly l1?: unknown; readonly l2?: unknown };

const REGULARIZERS: ReadonlyMap<string, (options: JsonObject) => Amounts> = new Map<
  string,
  (options: JsonObject) => Amounts
>([
  ['l1', (options) => ({ l1: numberOption(options, 'l1', 0.01) })],
  ['l2', (options) => ({ l2: numberOption(options, 'l2', 0.01) })],
  ['l1l2', (options) => ({ l1: numberOption(options, 'l1', 0), l2: numberOption(options, 'l2', 0) })],
]);

const Penalty = z.strictObject({
  l1: z.number().min(0).exactOptional(),
  l2: z.number().min(0).exactOptional(),
});

/** A kernel's regularizer. */
export const Regularizer = z
  .unknown()
  .transform((value, context): Penalties => {
    const serialized = readSerialized(value);
    const amounts = serialized && REGULARIZERS.get(serialized.kind)?.(serialized.options);
    const { data } = Penalty.safeParse(amounts);
    if (data !== undefined) return data;
    context.addIssue({ code: 'custom', message: 'must be L1, L2 or L1L2, of amounts from 0 up' });
    return z.NEVER;
  })
  .default({});

/**
 * A kernel's constraint.
 * @param axes those over which the norm runs here; another choice is refused
 */
export function maxNorm(...axes: number[]) {
  return z
    .unknown()
    .transform((value, context): { maxNorm?: number } => {
      const serialized = readSerialized(value);
      const bound = serialized && numberOption(serialized.options, 'max_value', 2);
      const along = [serialized?.options.axis ?? 0].flat();
      if (serialized?.kind === 'maxnorm' && bound !== undefined && bound > 0 && sameNumbers(along, axes))
        return { maxNorm: bound };
      const written = axes.length === 1 ? axes[0] : `[${axes.join(', ')}]`;
      context.addIssue({ code: 'custom', message: `must be MaxNorm, of axis ${written} for this kernel` });
      return z.NEVER;
    })
    .default({});
}

function sameNumbers(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && others.every((other) => some.includes(other));
}
