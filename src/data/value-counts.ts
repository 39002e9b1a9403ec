/** Distinct values are counted up to here in each column. */
export const MAX_DISTINCT = 1_000;
/** A longer value is prose and no class. */
const MAX_LABEL_LENGTH = 200;
/** About what a map entry costs beside its characters. */
const ENTRY_BYTES = 100;

/** What the counts of all columns may take together, so that 10,000 columns can’t fill the memory. */
export class CountingBudget {
  bytes = 64 * 1024 * 1024;
}

/** How often each value of one column occurs; gives up where there are too many. */
export class ValueCounts {
  private counts: Map<string, number> | null = new Map();
  private spent = 0;
  private readonly budget: CountingBudget;

  constructor(budget: CountingBudget) {
    this.budget = budget;
  }

  add(value: string | number | boolean): void {
    if (this.counts === null) return;
    const label = String(value).trim();
    const count = this.counts.get(label);
    if (count === undefined && !this.afford(label)) this.giveUp();
    else this.counts.set(label, (count ?? 0) + 1);
  }

  /** Null where there are more values than are counted. */
  get all(): ReadonlyMap<string, number> | null {
    return this.counts;
  }

  private afford(label: string): boolean {
    const cost = ENTRY_BYTES + 2 * label.length;
    if (this.counts!.size === MAX_DISTINCT || label.length > MAX_LABEL_LENGTH || cost > this.budget.bytes)
      return false;
    this.budget.bytes -= cost;
    this.spent += cost;
    return true;
  }

  private giveUp(): void {
    this.budget.bytes += this.spent;
    this.counts = null;
  }
}
