import { backend } from '@tensorflow/tfjs-core';

interface Allocator {
  _malloc(bytes: number): number;
  _free(offset: number): void;
}

/** WebAssembly addresses so many bytes; a greater number of them would wrap around to a small one. */
const ADDRESSABLE_BYTES = 2 ** 32;

/**
 * Makes an allocation that fails throw. The backend takes the null that it is answered for an address, and results
 * would be written over others without a word. From here on an operation that finds no memory throws a RangeError.
 */
export function checkAllocations(): void {
  const { wasm } = backend() as unknown as { wasm: Allocator };
  // Emscripten puts the function itself into its place with the first call.
  wasm._free(wasm._malloc(1));
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const offset = bytes < ADDRESSABLE_BYTES ? allocate(bytes) : 0;
    if (offset === 0 && bytes > 0) throw new RangeError('WebAssembly memory allocation failed');
    return offset;
  };
}
