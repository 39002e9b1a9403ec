import { isatty } from 'node:tty';

const BAR_WIDTH = 24;
const LINES_WITHOUT_TERMINAL = 8;

export interface ProgressStep {
  /** 0 … 1 of the whole job. */
  readonly progress: number;
  readonly text: string;
}

/** A progress bar that redraws itself on a terminal; elsewhere, a line now and then. */
export class ProgressBar {
  readonly #label: string;
  readonly #live = isatty(process.stdout.fd);
  #printedLines = 0;

  constructor(label: string) {
    this.#label = label;
  }

  show(step: ProgressStep): void {
    if (this.#live)
      process.stdout.write(`\r\u001b[K${this.#line(step)}`.slice(0, process.stdout.columns + 4));
    else if (step.progress * LINES_WITHOUT_TERMINAL >= this.#printedLines) {
      console.log(this.#line(step));
      this.#printedLines = Math.floor(step.progress * LINES_WITHOUT_TERMINAL) + 1;
    }
  }

  /** Leaves the last state standing. */
  end(): void {
    if (this.#live) process.stdout.write('\n');
  }

  #line({ progress, text }: ProgressStep): string {
    const filled = Math.round(progress * BAR_WIDTH);
    return `${this.#label}  ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}  ${text}`;
  }
}
