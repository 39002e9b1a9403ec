/** A command can't be carried out, for a reason that the user can act on; shown without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
