import type { ValueId, View } from '../ir/view.ts';

/** Where each value lies: in a buffer of its own, or in a part of another's. */
export interface Placement {
  /** Where the elements of a value lie; the view's value names the buffer. */
  place(value: ValueId): View;
  /** What a view of a value sees of its buffer. */
  seen(view: View): View;
}
