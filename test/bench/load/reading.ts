import { jobId } from '../../many-rows.ts';
import { type Timing, timed } from './requests.ts';
import type { Service } from './service.ts';

const TIMES = 40;

/** Reads of curves and lists by HTTP, one after the other, in a database of many rows. */
export async function readRows(service: Service, metrics: number): Promise<Timing[]> {
  const timings: Timing[] = [];
  for (const [what, path] of paths(metrics))
    timings.push(await timed(what, TIMES, 1, () => service.get(path)));
  return timings;
}

/** `many-rows.ts` tells which jobs have which curves. */
function paths(metrics: number): [what: string, path: string][] {
  const curves = [metrics / 10_000, metrics / 100, metrics / 10].flatMap((length, i) =>
    [1_000, 10_000].map((points): [string, string] => [
      `a curve of ${length.toLocaleString('en')} points, thinned to ${points.toLocaleString('en')}`,
      `/v1/jobs/${jobId(3 - i)}/metrics?maxPoints=${points}`,
    ]),
  );
  const filters = ['', 'status=failed', 'status=running', 'name=rare', 'label=kind:rare', 'label=kind:none'];
  const lists = filters.map((filter): [string, string] => [
    `jobs${filter && `, ${filter}`}`,
    `/v1/jobs?limit=50&${filter}`,
  ]);
  return [...curves, ...lists];
}
