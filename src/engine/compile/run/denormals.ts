import { attempt, findNative, type Native } from '../native.ts';
import type { Call } from './call.ts';

/** A call that takes numbers below 2⁻¹²⁶ for 0, where the machine can. */
export type Flushing = (call: Call) => Call;

const plain: Flushing = (call) => call;

/**
 * Processors compute with denormal numbers several times slower, and training makes them without end: the moving
 * averages of weights whose gradient has become 0 decay into them, and stay there since rounding keeps them from 0.
 * To flush them is a mode of the thread, so it holds for the call alone: other JavaScript never sees it.
 */
export async function flushingDenormals(): Promise<Flushing> {
  const native = process.arch === 'x64' ? await findNative() : undefined;
  return (native && attempt(() => flushingWith(native))) ?? plain;
}

/** `fenv_t` of glibc and of musl: 28 bytes of the x87, then the MXCSR. */
const [ENVIRONMENT_BYTES, MXCSR] = [32, 28];
/** What is too small to be normal is written as 0 (FTZ), and read as 0 (DAZ): Intel's manual, volume 1, 10.2.3. */
const FLUSH = 0x8040;

function flushingWith(native: Native): Flushing {
  const get = native.process.func('int fegetenv(void *environment)');
  const set = native.process.func('int fesetenv(void *environment)');
  const usual = Buffer.alloc(ENVIRONMENT_BYTES);
  get(usual);
  const flushing = Buffer.from(usual);
  flushing.writeUInt32LE(usual.readUInt32LE(MXCSR) | FLUSH, MXCSR);
  const wrap: Flushing = (call) => () => {
    set(flushing);
    try {
      call();
    } finally {
      set(usual);
    }
  };
  return doesFlush(wrap) ? wrap : plain;
}

function doesFlush(wrap: Flushing): boolean {
  const numbers = Float64Array.of(Number.MIN_VALUE, 1);
  wrap(() => {
    numbers[1] = numbers[0]! * numbers[1]!;
  })();
  return numbers[1] === 0;
}
