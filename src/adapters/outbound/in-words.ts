import { TrainyardError, urlRefused } from '../../jobs/errors.ts';
import { NotPublicError } from './guard.ts';

/** Nothing came for so long. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    super(`nothing came for ${milliseconds} ms`);
    this.milliseconds = milliseconds;
  }
}

/** The filtering agent tells what it refuses by its message alone. */
const REFUSED_BY_AGENT = /is not allowed\. Because/;
const UNKNOWN_NAME = /^(ENOTFOUND|EAI_\w+|ENODATA)$/;
const UNTRUSTED = /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY))/;

/**
 * What of a failed request its user may know. A name that isn't known and one of an address inside are told alike, so
 * that nobody learns which names there are inside.
 */
export function inWords({ hostname }: URL, error: unknown): unknown {
  if (error instanceof TrainyardError) return error;
  const { code = '', message, name } = error as NodeJS.ErrnoException;
  const words = () => {
    if (error instanceof NotPublicError || REFUSED_BY_AGENT.test(message) || UNKNOWN_NAME.test(code))
      return `There is no “${hostname}”, or its address isn’t public`;
    if (error instanceof SilenceError) return `“${hostname}” is silent for ${error.milliseconds / 1000} s`;
    if (name === 'TimeoutError') return `“${hostname}” takes too long`;
    if (UNTRUSTED.test(code)) return `The certificate of “${hostname}” isn’t trusted`;
    return `“${hostname}” can’t be reached, or breaks off`;
  };
  return urlRefused(words(), error);
}
