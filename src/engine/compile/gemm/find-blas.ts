import { readFileSync } from 'node:fs';
import { addressOf, attempt, findNative, type Library, type Native } from '../native.ts';

export type BlasName = 'onednn' | 'openblas' | 'accelerate';

/** A library of this machine that multiplies matrices, and how it is called. */
export interface Blas {
  readonly name: BlasName;
  /** The file, as it was found. */
  readonly library: string;
  /** The smallest m·n·k for which a call takes less time than the WebAssembly kernel: measured. */
  readonly paysFrom: number;
  /** C = A·B + beta·C, row-major, over addresses in the process, on one thread. */
  multiply(
    transposesA: boolean,
    transposesB: boolean,
    m: number,
    n: number,
    k: number,
    a: number,
    aLeading: number,
    b: number,
    bLeading: number,
    beta: number,
    c: number,
    cLeading: number,
  ): void;
  /** Where a buffer lies in the process. */
  addressOf(buffer: SharedArrayBuffer): number;
}

/** @param process the symbols of the process itself */
type Binding = (library: Library, process: Library) => Blas['multiply'];

interface Kind {
  readonly name: BlasName;
  readonly files: readonly string[];
  readonly paysFrom: number;
  readonly bind: Binding;
}

/** A pointer is passed as a plain number: quicker than a view of what is there. */
const ADDRESS = 'uintptr_t';

/** oneDNN wants its letters as characters. */
const [PLAIN, TRANSPOSED] = ['N', 'T'].map((letter) => letter.charCodeAt(0)) as [number, number];

const bindOneDnn: Binding = (library, process) => {
  blockSignals(process);
  const sizes = ['int64_t', 'int64_t', 'int64_t'];
  const operands = ['float', ADDRESS, 'int64_t', ADDRESS, 'int64_t', 'float', ADDRESS, 'int64_t'];
  const sgemm = library.func('dnnl_sgemm', 'int', ['char', 'char', ...sizes, ...operands]);
  callIfThere(library, 'omp_set_num_threads', 1);
  return (transposesA, transposesB, m, n, k, a, aLeading, b, bLeading, beta, c, cLeading) => {
    const [ta, tb] = [transposesA ? TRANSPOSED : PLAIN, transposesB ? TRANSPOSED : PLAIN];
    const status = sgemm(ta, tb, m, n, k, 1, a, aLeading, b, bLeading, beta, c, cLeading);
    if (status !== 0) throw new Error(`oneDNN refused to multiply (status ${status}).`);
  };
};

const ROW_MAJOR = 101;
const NO_TRANS = 111;
const TRANS = 112;

const bindCblas: Binding = (library) => {
  const sizes = ['int', 'int', 'int', 'int', 'int', 'int'];
  const operands = ['float', ADDRESS, 'int', ADDRESS, 'int', 'float', ADDRESS, 'int'];
  const sgemm = library.func('cblas_sgemm', 'void', [...sizes, ...operands]);
  callIfThere(library, 'openblas_set_num_threads', 1);
  return (transposesA, transposesB, m, n, k, a, aLeading, b, bLeading, beta, c, cLeading) => {
    const [ta, tb] = [transposesA ? TRANS : NO_TRANS, transposesB ? TRANS : NO_TRANS];
    sgemm(ROW_MAJOR, ta, tb, m, n, k, 1, a, aLeading, b, bLeading, beta, c, cLeading);
  };
};

/** In the order of how fast they were measured to be; `paysFrom` follows from what a call costs. */
const KINDS: readonly Kind[] = [
  {
    name: 'onednn',
    files: ['libdnnl.so.3', 'libdnnl.so.2', 'libdnnl.so'],
    paysFrom: 8192,
    bind: bindOneDnn,
  },
  {
    name: 'openblas',
    files: ['libopenblas.so.0', 'libopenblas.so'],
    paysFrom: 2048,
    bind: bindCblas,
  },
  {
    name: 'accelerate',
    files: ['/System/Library/Frameworks/Accelerate.framework/Accelerate'],
    paysFrom: 4096,
    bind: bindCblas,
  },
];

export const BLAS_NAMES: readonly BlasName[] = KINDS.map(({ name }) => name);

/** The libraries that this machine has, of each kind the first that loads; none where koffi itself doesn't. */
export async function findBlas(): Promise<Blas[]> {
  const native = await findNative();
  if (!native) return [];
  attempt(() => prepareEnvironment(native.process));
  return KINDS.flatMap((kind) => open(native, kind) ?? []);
}

function open(native: Native, { name, paysFrom, files, bind }: Kind): Blas | undefined {
  for (const library of files) {
    const multiply = attempt(() => bind(native.koffi.load(library), native.process));
    if (multiply)
      return { name, library, paysFrom, multiply, addressOf: (buffer) => addressOf(native, buffer) };
  }
  return undefined;
}

const SIG_BLOCK = 0;
const BYTES_OF_SIGNALS = 128;
/** SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: a thread's own faults. */
const FAULTS = [4, 5, 6, 7, 8, 11];

/**
 * Keeps signals from this thread: oneDNN's products (2.6.3, as Debian has it) leave the stack in a state in which the
 * handler of any signal writes over the heap. Others of the process's threads handle them.
 */
function blockSignals(process: Library): void {
  const signals = new Uint8Array(BYTES_OF_SIGNALS).fill(0xff);
  for (const signal of FAULTS) signals[(signal - 1) >> 3]! &= ~(1 << ((signal - 1) & 7));
  const mask = process.func('pthread_sigmask', 'int', ['int', 'void *', 'void *']);
  if (mask(SIG_BLOCK, signals, null) !== 0) throw new Error('signals can’t be blocked');
}

/**
 * Libraries read these when they are loaded: from the environment of the process, of which a worker thread's
 * `env` is only a copy, so it is changed by the system's own call.
 */
function prepareEnvironment(process: Library): void {
  const set = process.func('setenv', 'int', ['str', 'str', 'int']);
  const [always, ifUnset] = [1, 0];
  // A replica a core beats threads inside of a product.
  set('OMP_NUM_THREADS', '1', always);
  set('OPENBLAS_NUM_THREADS', '1', always);
  // OpenBLAS takes newer AMD processors for ones without AVX-512.
  if (hasAvx512()) set('OPENBLAS_CORETYPE', 'SkylakeX', ifUnset);
}

function hasAvx512(): boolean {
  const described = attempt(() => readFileSync('/proc/cpuinfo', 'utf8')) ?? '';
  return ['avx512f', 'avx512dq', 'avx512bw', 'avx512vl'].every((flag) => described.includes(flag));
}

function callIfThere(library: Library, name: string, argument: number): void {
  attempt(() => library.func(name, 'void', ['int'])(argument));
}
