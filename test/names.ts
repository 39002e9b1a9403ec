import type { LookupFunction } from 'node:net';
import { isIPv4 } from 'node:net';

/** A lookup that knows these names and no others; each says its addresses anew whenever it is asked. */
export function lookupOf(names: Readonly<Record<string, () => readonly string[]>>): LookupFunction {
  return (name, options, done) => {
    const found = (names[name]?.() ?? []).map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }));
    const [first] = found;
    const unknown = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    setImmediate(() => {
      if (first === undefined) done(unknown, '', 0);
      else if (options.all) done(null, found);
      else done(null, first.address, first.family);
    });
  };
}
