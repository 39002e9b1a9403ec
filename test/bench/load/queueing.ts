import { jobSpec } from '../../api-server.ts';
import { type Timing, timed } from './requests.ts';
import type { Service } from './service.ts';

const AT_ONCE = 8;

/** Posts jobs that no worker takes yet, each with a key, and then all of them again with the same keys. */
export async function queueJobs(
  service: Service,
  datasetId: string,
  count: number,
): Promise<{ ids: string[]; timings: Timing[] }> {
  const ids: string[] = [];
  const post = async (i: number) => {
    const spec = { ...jobSpec(datasetId), name: `load ${i}`, labels: { load: String(i) }, priority: 1 };
    const answer = await service.post('/v1/jobs', spec, { 'idempotency-key': `load-${i}` });
    const { id } = JSON.parse(answer.body);
    ids[i] ??= id;
    if (ids[i] !== id) throw new Error('A key that came again made another job');
    return answer;
  };
  const timings = [
    await timed('POST /v1/jobs, with a key', count, AT_ONCE, post),
    await timed('the same again', count, AT_ONCE, post),
  ];
  return { ids, timings };
}
