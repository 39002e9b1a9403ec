/**
 * Mean and standard deviation in one pass without cancellation: B. P. Welford, Technometrics 4 (1962). Equal
 * numbers give a standard deviation of exactly 0.
 */
export class Moments {
  count = 0;
  mean = 0;
  private squares = 0;

  add(value: number): void {
    this.count++;
    const delta = value - this.mean;
    this.mean += delta / this.count;
    this.squares += delta * (value - this.mean);
  }

  /** The population’s: divided by n. 0 for no values. */
  get std(): number {
    return this.count > 0 ? Math.sqrt(this.squares / this.count) : 0;
  }
}
