/** What the parser of forms says of one that breaks off, or has no boundary, or a longer one than there may be. */
const SAYINGS =
  /^Unexpected end of multipart data|terminated early due to unexpected end|^Multipart: Boundary not found|^The needle /;

/** Whether a form couldn’t be read to its end for what was sent. Its parser gives its errors neither class nor code. */
export function isBrokenForm(error: Error): boolean {
  return SAYINGS.test(error.message);
}
