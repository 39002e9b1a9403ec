import type { EpochReport, MetricPoint, ProgressReport } from '../../spec/trainer.ts';
import type { TrainEvents } from './train-events.ts';

const PACE_MS = 250;

/** Where training stands. */
export type Standing = Omit<ProgressReport, 'points' | 'epochs'>;

/** Gathers what training comes to and tells it a few times a second, so that short epochs cost no more than long ones. */
export class Reporter {
  readonly #events: Pick<TrainEvents, 'onProgress'>;
  #points: MetricPoint[] = [];
  #epochs: EpochReport[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(events: Pick<TrainEvents, 'onProgress'>) {
    this.#events = events;
  }

  notePoints(...points: readonly MetricPoint[]): void {
    this.#points.push(...points);
  }

  noteEpoch(epoch: EpochReport): void {
    this.#epochs.push(epoch);
  }

  /** Tells where training stands and what has come, unless that was done a moment ago. */
  async tellNowAndThen(standing: () => Standing): Promise<void> {
    if (performance.now() - this.#toldAt >= PACE_MS) await this.#tell(standing());
  }

  /** Tells what has come, if anything has. */
  async tellRest(standing: () => Standing): Promise<void> {
    if (this.#points.length + this.#epochs.length > 0) await this.#tell(standing());
  }

  async #tell(standing: Standing): Promise<void> {
    const [points, epochs] = [this.#points, this.#epochs];
    this.#points = [];
    this.#epochs = [];
    this.#toldAt = performance.now();
    await this.#events.onProgress({ ...standing, points, epochs });
  }
}
