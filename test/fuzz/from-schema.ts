import type { Dice } from './dice.ts';
import { anyValue, NUMBERS, TEXTS } from './values.ts';

/** A JSON Schema as the document has them. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

const MOST_LEVELS = 8;
/** How often a value is put where the schema wants another. */
const WRONG = 0.03;

/**
 * A value by its schema, at its bounds more often than within them, and now and then beyond.
 * @param schemas that a `$ref` may name
 */
export function fromSchema(
  schema: Schema,
  schemas: Readonly<Record<string, Schema>>,
  dice: Dice,
  levels = MOST_LEVELS,
): unknown {
  if (levels <= 0 || dice.chance(WRONG)) return anyValue(dice, 1);
  const inner = (part: Schema) => fromSchema(part, schemas, dice, levels - 1);
  const { $ref, anyOf, oneOf = anyOf, allOf } = schema;
  if ($ref !== undefined) return inner(schemas[$ref.split('/').at(-1)!] ?? {});
  if (oneOf !== undefined) return inner(dice.pick(oneOf));
  if (allOf !== undefined) return Object.assign({}, ...allOf.map(inner));
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return dice.pick(schema.enum);
  switch ([schema.type].flat()[0]) {
    case 'object':
      return objectOf(schema, inner, dice);
    case 'array':
      return arrayOf(schema, inner, dice);
    case 'string':
      return textOf(schema, dice);
    case 'integer':
      return Math.round(numberOf(schema, dice));
    case 'number':
      return numberOf(schema, dice);
    case 'boolean':
      return dice.chance(0.5);
    case 'null':
      return null;
    default:
      return anyValue(dice, 1);
  }
}

function objectOf(schema: Schema, inner: (part: Schema) => unknown, dice: Dice): object {
  const { properties = {}, required = [], additionalProperties } = schema;
  const wanted = Object.entries(properties).filter(([name]) =>
    required.includes(name) ? !dice.chance(WRONG) : dice.chance(0.3),
  );
  const entries = wanted.map(([name, part]) => [name, inner(part)]);
  if (typeof additionalProperties === 'object')
    for (let i = dice.below(3); i > 0; i--) entries.push([dice.pick(TEXTS), inner(additionalProperties)]);
  return Object.fromEntries(entries);
}

function arrayOf(
  { items = {}, minItems = 0, maxItems = 4 }: Schema,
  inner: (part: Schema) => unknown,
  dice: Dice,
): unknown[] {
  const length = dice.pick([minItems, minItems + 1, Math.min(maxItems, minItems + 3)]);
  return Array.from({ length: Math.min(length, 50) }, () => inner(items));
}

function textOf({ minLength = 0, maxLength = 200 }: Schema, dice: Dice): string {
  if (dice.chance(0.3)) return dice.pick(TEXTS);
  return 'abcdefghij'.repeat(100).slice(0, dice.pick([minLength, minLength + 5, Math.min(maxLength, 1_000)]));
}

function numberOf({ minimum = -10, maximum = 1_000 }: Schema, dice: Dice): number {
  if (dice.chance(0.2)) return dice.pick(NUMBERS);
  return dice.pick([
    minimum,
    maximum,
    minimum + 1,
    minimum + dice.share() * (Math.min(maximum, 1e9) - minimum),
  ]);
}
