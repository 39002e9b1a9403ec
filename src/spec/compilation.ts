import { z } from 'zod';

/** How a process runs compiled programs. */
export const Compilation = z.strictObject({
  /** How many cores it takes. */
  threads: z.int().min(1),
  /** What multiplies matrices: a library of the machine, or `wasm`. */
  gemm: z.string(),
});
export type Compilation = z.infer<typeof Compilation>;

/** What could multiply matrices on a machine: how fast it is, or why it isn't used. */
const GemmCandidate = z.union([
  z.object({ name: z.string(), library: z.string().optional(), gflops: z.number() }),
  z.object({ name: z.string(), library: z.string().optional(), refusal: z.string() }),
]);
export type GemmCandidate = z.infer<typeof GemmCandidate>;

/** What a self-test found of multiplying matrices. */
export const GemmReport = z.object({
  chosen: z.string(),
  /** Of the chosen one, on one thread. */
  gflops: z.number(),
  candidates: z.array(GemmCandidate),
});
export type GemmReport = z.infer<typeof GemmReport>;
