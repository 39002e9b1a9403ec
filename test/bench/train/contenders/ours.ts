import { ENGINES } from './engines.ts';
import { OurMonteCarlo } from './our-monte-carlo.ts';
import { OurTraining } from './our-training.ts';
import { serve } from './serve.ts';

await serve(async (way, setting) => {
  const engine = await ENGINES[way]!(setting.threads);
  if (setting.kind === 'gemm') throw new Error('its products are measured by the steps');
  return setting.kind === 'monteCarlo'
    ? new OurMonteCarlo(engine, setting)
    : OurTraining.start(engine, setting);
});
