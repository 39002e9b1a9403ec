/** Training left the finite numbers: a loss, gradient or weight is NaN or infinite. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
  readonly stage: number;
  readonly step: number;
  readonly layer: string;

  constructor(at: { stage: number; step: number; layer: string }, what: string) {
    super(
      `stage ${at.stage}, step ${at.step}: ${what} in layer “${at.layer}” is no longer finite; ` +
        'lower the learning rate, clip the gradients or check the data',
    );
    this.stage = at.stage;
    this.step = at.step;
    this.layer = at.layer;
  }
}
