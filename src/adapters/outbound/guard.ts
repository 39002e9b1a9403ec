import { lookup as lookupByTheSystem } from 'node:dns';
import type { Agent } from 'node:http';
import { isIP, isIPv4, type LookupFunction } from 'node:net';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { blockListOf, isPublic } from './public-addresses.ts';

/** An address that nobody outside may have asked. */
export class NotPublicError extends Error {
  override readonly name = 'NotPublicError';
}

interface Options {
  /** Names, addresses and ranges that may be asked all the same. */
  readonly allowed: readonly string[];
  /** How names become addresses: by the system, when left out. */
  readonly lookup?: LookupFunction | undefined;
}

export interface Guard {
  /** Looks a host up. @throws NotPublicError, or the lookup’s error */
  check(url: URL): Promise<void>;
  /**
   * For one request. It connects to no address but those that the same lookup found and the guard let pass, so what
   * a name says later doesn’t matter. @throws NotPublicError
   */
  agentFor(url: URL): Agent;
}

/** Keeps requests away from addresses that aren’t public. */
export function createGuard({ allowed, lookup = lookupByTheSystem as LookupFunction }: Options): Guard {
  const names = new Set(allowed.filter(isName));
  const ranges = blockListOf(allowed.filter((entry) => !isName(entry)));

  const isAllowed = (host: string, address: string): boolean =>
    names.has(host) || (!address.includes('%') && ranges.check(address, isIPv4(address) ? 'ipv4' : 'ipv6'));

  return {
    async check(url) {
      const { host, pass } = gateTo(url);
      if (isIP(host)) return;
      await new Promise<void>((resolve, reject) => {
        lookup(host, { all: true }, (error, found) => {
          try {
            if (error) throw error;
            for (const { address } of listOf(found)) pass(address);
            resolve();
          } catch (refusal) {
            reject(refusal);
          }
        });
      });
    },

    agentFor(url) {
      const { passed, pass } = gateTo(url);
      const guarded: LookupFunction = (name, options, done) =>
        lookup(name, options, (error, found, family) => {
          try {
            if (error) throw error;
            for (const { address } of listOf(found)) pass(address);
            done(null, found, family);
          } catch (refusal) {
            done(refusal as Error, '', 0);
          }
        });
      // The agent looks at each address once more, by a list of its own, as it connects.
      const options = { keepAlive: false, lookup: guarded, allowIPAddressList: passed };
      return url.protocol === 'https:'
        ? new RequestFilteringHttpsAgent(options)
        : new RequestFilteringHttpAgent(options);
    },
  };

  /** @throws NotPublicError for a URL that says an address outright */
  function gateTo(url: URL): { host: string; passed: string[]; pass(address: string): void } {
    const host = hostOf(url);
    const passed: string[] = [];
    const pass = (address: string): void => {
      if (isAllowed(host, address)) passed.push(address);
      else if (!isPublic(address)) throw new NotPublicError('The address isn’t public');
    };
    if (isIP(host)) pass(host);
    return { host, passed, pass };
  }
}

/** As it is looked up: without the brackets of IPv6, and without the dot that ends a whole name. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

function isName(entry: string): boolean {
  return isIP(entry.split('/', 1)[0]!) === 0;
}

/** A lookup answers one address, or all of them. */
function listOf(found: string | readonly { address: string }[]): readonly { address: string }[] {
  return typeof found === 'string' ? [{ address: found }] : found;
}
