/** What a cache line holds, in bytes. */
const LINE = 64;

/** The first place from here on, or so many bytes or a few more, at which a cache line begins. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}
