/** What the engine computes on, as it really is. */
export interface Device {
  /** The name that tfjs knows the backend by. */
  backend: string;
  /** For people: “wasm SIMD on Intel(R) Xeon(R) Processor”. */
  name: string;
  gpu: boolean;
}

/** The backend that was asked for can't be had on this machine, or computes wrongly on it. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';
}
