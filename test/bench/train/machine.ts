import { execFileSync } from 'node:child_process';
import { machine } from '../train.ts';

/**
 * Date, machine and versions, for whoever reads the table.
 * @param python with PyTorch, or without
 * @param core what OpenBLAS was told to take the processor for
 */
export function circumstances(python: string, core = 'nothing'): string {
  const date = new Date().toISOString().slice(0, 10);
  return `${date}. ${machine()}. ${aboutTorch(python, core)}`;
}

function aboutTorch(python: string, core: string): string {
  try {
    const told = execFileSync(python, ['-B', `${import.meta.dirname}/torch/about.py`], { encoding: 'utf8' });
    const { version, libraries, capability, core: found } = JSON.parse(told);
    const blas = `PyTorch ${version} (${capability}) with ${libraries.join(', ')}`;
    return `${blas}, which takes the processor for ${found}; tuned: OPENBLAS_CORETYPE=${core}.`;
  } catch {
    return `${python} has no PyTorch.`;
  }
}
