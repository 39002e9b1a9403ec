import type { EventResource } from '../../../src/spec/resource/event.ts';

export interface StageTime {
  readonly name: string;
  readonly cachedLayers: number;
  /** From the stage's begin to its first epoch's: what is computed once. */
  readonly featureSeconds: number;
  /** Of the quickest epoch. */
  readonly stepSeconds: number;
}

/** How long the steps of each stage took, by what a job told of itself. */
export function stageTimes(events: readonly EventResource[]): StageTime[] {
  return events
    .filter(({ type }) => type === 'stage')
    .map(({ data, createdAt }) => {
      const { stage, name, cachedLayers, stepsPerEpoch } = data as Record<string, number> & { name: string };
      const epochs = events.filter((event) => event.type === 'epoch' && event.data.stage === stage);
      const seconds = epochs.map((epoch) => Number(epoch.data.seconds));
      const firstEnd = Date.parse(epochs[0]!.createdAt) / 1000;
      return {
        name,
        cachedLayers: cachedLayers!,
        featureSeconds: Math.max(0, firstEnd - seconds[0]! - Date.parse(createdAt) / 1000),
        stepSeconds: Math.min(...seconds) / stepsPerEpoch!,
      };
    });
}
