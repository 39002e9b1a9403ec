import { type KerasClass, kerasClass, type Unplaced } from '../class.ts';
import { Axis } from '../options.ts';

type Merging = 'add' | 'subtract' | 'multiply' | 'average' | 'maximum';

function merging(type: Merging): KerasClass {
  return kerasClass({}, () => ({ layer: { type } satisfies Unplaced }));
}

export const Add = merging('add');
export const Subtract = merging('subtract');
export const Multiply = merging('multiply');
export const Average = merging('average');
export const Maximum = merging('maximum');
export const Concatenate = kerasClass({ axis: Axis }, ({ axis }) => ({ layer: { type: 'concat', axis } }));
