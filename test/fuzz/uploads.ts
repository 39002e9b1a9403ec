import { ROWS } from '../api-server.ts';
import { type FormPart, formOf, importForm } from '../form.ts';
import { idxFile } from '../idx.ts';
import { smallModel } from '../small-model.ts';
import { zipOf } from '../zip.ts';
import type { Dice } from './dice.ts';
import { anyValue, mutated, mutatedBytes, mutatedText, TEXTS } from './values.ts';

/** Bodies that are streamed: files as they are, and forms. */

export interface Body {
  readonly payload: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const JSONL = Array.from({ length: 20 }, (_, i) => JSON.stringify({ x: i, ok: i % 2 === 0, kind: 'a' }));
const IMAGES = idxFile(
  [4, 2, 2],
  Array.from({ length: 16 }, (_, i) => i * 16),
);
const IDX = Buffer.concat([IMAGES, idxFile([4], [0, 1, 0, 1])]);
/** A PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
);
const PICTURES = zipOf({ 'cat/1.png': PIXEL, 'cat/2.png': PIXEL, 'dog/3.png': PIXEL, 'dog/4.png': PIXEL });
const NPZ = zipOf({ 'x.npy': npy([4, 2], 8), 'y.npy': npy([4], 4) });

function npy(shape: readonly number[], bytes: number): Buffer {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape}${shape.length === 1 ? ',' : ''}), }`;
  const padded = `${header.padEnd(117)}\n`;
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length, 0]);
  return Buffer.concat([start, Buffer.from(padded), Buffer.alloc(bytes, 1)]);
}

const FILES: readonly (readonly [type: string, ending: string, content: Buffer])[] = [
  ['text/csv', 'csv', Buffer.from(ROWS)],
  ['application/x-ndjson', 'jsonl', Buffer.from(JSONL.join('\n'))],
  ['application/x-idx', 'idx', IDX],
  ['application/x-npz', 'npz', NPZ],
  ['application/zip', 'zip', PICTURES],
];

function fileFor(dice: Dice): readonly [type: string, ending: string, content: Buffer] {
  const [type, ending, valid] = dice.pick(FILES);
  const content = dice.weighted<() => Buffer>([
    [2, () => valid],
    [6, () => mutatedBytes(valid, dice)],
    [2, () => Buffer.from(csvOf(dice))],
    [2, () => Buffer.from(jsonlOf(dice))],
    [1, () => dice.pick(FILES)[2]],
    [1, () => Buffer.alloc(0)],
    [
      1,
      () =>
        zipOf({
          [dice.pick(TEXTS).slice(0, 300) || 'a']: PIXEL,
          '../../x.png': PIXEL,
          'a/b.png': Buffer.from('no'),
        }),
    ],
  ])();
  return [type, ending, content];
}

function csvOf(dice: Dice): string {
  const cell = () => dice.pick([...TEXTS, '1', '2.5', '-3e5', '"a,b"', '"a\nb"', '1e999']).slice(0, 200);
  const columns = 1 + dice.below(4);
  return Array.from({ length: 2 + dice.below(20) }, () =>
    Array.from({ length: columns }, cell).join(','),
  ).join('\n');
}

function jsonlOf(dice: Dice): string {
  const line = () => JSON.stringify({ x: anyValue(dice, 1), [dice.pick(TEXTS)]: anyValue(dice, 1) });
  const lines = Array.from({ length: 1 + dice.below(10) }, line);
  return dice.chance(0.2) ? mutatedText(lines.join('\n'), dice) : lines.join('\n');
}

/** Three where nobody listens, and others that nobody may ask. */
export const ADDRESSES: readonly string[] = [
  'http://127.0.0.1:9/a.csv',
  'https://127.0.0.1:9/',
  'http://0x7f.1:9/%00.npz',
  'http://localhost/a.zip',
  'http://[::1]:9/a.csv',
  'http://[::ffff:127.0.0.1]/a.csv',
  'http://169.254.169.254/latest/meta-data',
  'http://me:secret@127.0.0.1:9/a.csv',
];

/** A data set as its own body, as a form, or by its address. */
export function datasetBody(dice: Dice): Body {
  if (dice.chance(0.15)) return importBody(dice);
  const [type, ending, content] = fileFor(dice);
  if (dice.chance(0.5)) return { payload: content, headers: { 'content-type': type } };
  const parts: FormPart[] = [['file', fileName(dice, ending), content]];
  if (dice.chance(0.5)) parts.unshift(['name', dice.pick(TEXTS)]);
  if (dice.chance(0.4)) parts.unshift(['columnTypes', fieldText(dice, { x: 'number', y: 'category' })]);
  return form(parts, dice);
}

function importBody(dice: Dice): Body {
  const valid = { url: dice.pick(ADDRESSES), name: 'a', format: 'csv', columnTypes: { x: 'text' } };
  const payload = Buffer.from(fieldText(dice, valid));
  return { payload, headers: { 'content-type': 'application/json' } };
}

/** A model of another’s as a form. */
export function modelBody(dice: Dice): Body {
  const files: Record<string, Uint8Array> = { ...smallModel() };
  if (dice.chance(0.7)) {
    const name = dice.pick(Object.keys(files));
    const content = Buffer.from(files[name]!);
    files[name] = name.endsWith('.json') ? mutatedJson(content, dice) : mutatedBytes(content, dice);
  }
  if (dice.chance(0.1)) files[dice.pick(TEXTS) || 'x'] = Buffer.from('x');
  const fields: Record<string, string> = {};
  if (dice.chance(0.3)) fields.classes = fieldText(dice, ['a', 'b']);
  if (dice.chance(0.3)) fields.inputs = fieldText(dice, ['a', 'b', 'c']);
  if (dice.chance(0.2)) fields.input = fieldText(dice, { scale: 2, mean: [1], std: [2] });
  if (dice.chance(0.2)) fields.inputShape = fieldText(dice, [3]);
  if (dice.chance(0.2)) fields.name = dice.pick(TEXTS);
  const whole = importForm(files, fields);
  return dice.chance(0.2) ? broken(whole, dice) : whole;
}

function mutatedJson(content: Buffer, dice: Dice): Buffer {
  const text = content.toString();
  if (dice.chance(0.3)) return Buffer.from(mutatedText(text, dice));
  return Buffer.from(JSON.stringify(mutated(JSON.parse(text), dice)));
}

function fieldText(dice: Dice, valid: unknown): string {
  const text = JSON.stringify(dice.chance(0.3) ? valid : mutated(valid, dice)) ?? '';
  return dice.chance(0.2) ? mutatedText(text, dice) : text;
}

function fileName(dice: Dice, ending: string): string {
  const name = dice
    .pick(TEXTS)
    .replaceAll(/["\r\n]/g, '')
    .slice(0, 2_000);
  return dice.chance(0.7) ? `a.${ending}` : `${name}.${ending}`;
}

function form(parts: FormPart[], dice: Dice): Body {
  const extra: FormPart = dice.chance(0.5)
    ? [dice.pick(TEXTS).replaceAll(/["\r\n]/g, ''), dice.pick(TEXTS)]
    : [dice.pick(['file', 'labels', 'other']), 'b.csv', Buffer.from('x\n1')];
  if (dice.chance(0.2)) parts.splice(dice.below(parts.length + 1), 0, extra);
  const whole = formOf(...parts);
  return dice.chance(0.25) ? broken(whole, dice) : whole;
}

/** A form that isn’t one any more. */
function broken({ payload, headers }: Body, dice: Dice): Body {
  return dice.weighted<() => Body>([
    [3, () => ({ payload: mutatedBytes(payload, dice), headers })],
    [2, () => ({ payload: payload.subarray(0, dice.below(payload.length)), headers })],
    [1, () => ({ payload, headers: { 'content-type': 'multipart/form-data' } })],
    [1, () => ({ payload, headers: { 'content-type': 'multipart/form-data; boundary=' } })],
    [1, () => ({ payload, headers: { 'content-type': 'multipart/form-data; boundary=another' } })],
    [1, () => ({ payload: Buffer.alloc(0), headers })],
    [1, () => ({ payload: withJsonField(payload), headers })],
  ])();
}

/** A field of a media type of its own, which nests deeper than any stack. */
function withJsonField(payload: Buffer): Buffer {
  const boundary = payload.subarray(0, payload.indexOf('\r\n'));
  const head = '\r\ncontent-disposition: form-data; name="name"\r\ncontent-type: application/json\r\n\r\n';
  return Buffer.concat([
    boundary,
    Buffer.from(`${head}${'['.repeat(50_000)}${']'.repeat(50_000)}\r\n`),
    payload,
  ]);
}
