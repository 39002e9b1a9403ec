import { TrainyardError } from '../../jobs/errors.ts';

/** `key:value` or `key=value`, split at the first of either. @throws TrainyardError invalidRequest */
export function labelFilter(label: string): { path: string[]; equals: string } {
  const [, key, value] = /^([^:=]+)[:=](.*)$/s.exec(label) ?? [];
  if (key === undefined || value === undefined) {
    throw new TrainyardError('invalidRequest', 'A label filter has the form key:value');
  }
  return { path: [key], equals: value };
}
