/** Figures as tables show them: `.8772`, and differences with a sign. */
export function figure(value: number | null | undefined): string {
  return value?.toFixed(4).replace(/^(-?)0\./, '$1.') ?? '';
}

export function signed(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${figure(Math.abs(difference))}`;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample: by n − 1. */
export function standardDeviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

export function markdown(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
