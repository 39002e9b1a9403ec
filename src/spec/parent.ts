import type { NetworkSpec } from './network.ts';
import type { InputEncoding, Preprocess } from './preprocess.ts';

/** What must be known of the model that a job builds on. */
export interface ParentModel {
  readonly network: NetworkSpec;
  /** The columns that it takes, in its order, with the types by which they are encoded. */
  readonly inputs: readonly ParentInput[];
}

export interface ParentInput {
  readonly name: string;
  readonly type: InputEncoding['type'];
}

export function parentOf(network: NetworkSpec, { inputs }: Preprocess): ParentModel {
  return { network, inputs: inputs.map(({ name, type }) => ({ name, type })) };
}
