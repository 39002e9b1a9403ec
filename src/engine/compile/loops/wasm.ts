/** Bytes of WebAssembly code or of a part of a module. */
export type Code = readonly number[];

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? low + 128 : low);
  } while (left > 0);
  return bytes;
}

/** Signed LEB128, of 32 bits. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let left = value | 0;
  for (;;) {
    const low = left & 127;
    left >>= 7;
    const isLast = (left === 0 && (low & 64) === 0) || (left === -1 && (low & 64) !== 0);
    bytes.push(isLast ? low : low + 128);
    if (isLast) return bytes;
  }
}

export const I32 = 0x7f;
export const V128 = 0x7b;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const i32 = (value: number): Code => [0x41, ...signed(value)];
export const IADD = [0x6a] as const;
export const ISUB = [0x6b] as const;
export const IMUL = [0x6c] as const;
export const IAND = [0x71] as const;
export const IEQ = [0x46] as const;
export const ISHR_U = [0x76] as const;

/** Repeats as long as the code leaves something other than 0. */
export function repeatWhile(body: Code): Code {
  return [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b];
}

/** @param condition leaves an i32 */
export function when(condition: Code, then: Code): Code {
  return [...condition, 0x04, 0x40, ...then, 0x0b];
}

/** A SIMD instruction by its number. */
export const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];

export const OP = {
  load: 0x00,
  loadSplat: 0x09,
  store: 0x0b,
  constant: 0x0c,
  splatInt: 0x11,
  splat: 0x13,
  extract: 0x1f,
  eq: 0x41,
  ne: 0x42,
  lt: 0x43,
  gt: 0x44,
  le: 0x45,
  ge: 0x46,
  and: 0x4e,
  andNot: 0x4f,
  or: 0x50,
  xor: 0x51,
  choose: 0x52,
  loadLane: 0x56,
  storeLane32: 0x5a,
  storeLane64: 0x5b,
  loadOne: 0x5c,
  trunc: 0x69,
  nearest: 0x6a,
  shiftLeft: 0xab,
  shiftRight: 0xad,
  addInt: 0xae,
  subInt: 0xb1,
  mulInt: 0xb5,
  minInt: 0xb6,
  maxInt: 0xb8,
  abs: 0xe0,
  neg: 0xe1,
  sqrt: 0xe3,
  add: 0xe4,
  sub: 0xe5,
  mul: 0xe6,
  div: 0xe7,
  min: 0xe8,
  max: 0xe9,
  pseudoMin: 0xea,
  pseudoMax: 0xeb,
  toInt: 0xf8,
  fromInt: 0xfa,
} as const;

/** A SIMD load or store, `offset` bytes beyond the address on the stack. */
export function access(opcode: number, offset: number, lane?: number): Code {
  return [...simd(opcode), 0x00, ...unsigned(offset), ...(lane === undefined ? [] : [lane])];
}

/** The four lanes' bits. */
export function constant(lanes: ArrayBuffer): Code {
  return [...simd(OP.constant), ...new Uint8Array(lanes)];
}

/** All lanes one float32. */
export function splatted(value: number): Code {
  return constant(Float32Array.of(value, value, value, value).buffer);
}

export function splattedInt(value: number): Code {
  return constant(Int32Array.of(value, value, value, value).buffer);
}

/** One function `(i32, …) → ()`. */
export interface WasmFunction {
  readonly parameters: number;
  /** The types of its locals past the parameters. */
  readonly locals: readonly number[];
  readonly code: Code;
}

/** A module of functions, exported as `f0`, `f1`, …, over the memory `env.memory`. */
export function encodeModule(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const arities = [...new Set(functions.map(({ parameters }) => parameters))];
  const types = arities.map((count) => [0x60, ...vector(Array(count).fill([I32])), 0x00]);
  const memory = [...text('env'), ...text('memory'), 0x02, 0x03, ...unsigned(1), ...unsigned(pages)];
  const exported = functions.map((_, i) => [...text(`f${i}`), 0x00, ...unsigned(i)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector([memory])),
    ...section(3, vector(functions.map(({ parameters }) => unsigned(arities.indexOf(parameters))))),
    ...section(7, vector(exported)),
    ...section(10, vector(functions.map(encodeBody))),
  ]);
}

function encodeBody({ locals, code }: WasmFunction): number[] {
  const declared = locals.map((type) => [1, type]);
  const body = [...vector(declared), ...code, 0x0b];
  return [...unsigned(body.length), ...body];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
}
