import type { TopologyJson } from '../../spec/keras/topology.ts';
import type { ModelFormat } from '../../spec/model-import.ts';

type Path = readonly (string | number)[];

/** A layer as the topology has it. */
export interface KerasLayer {
  /** As it is written, slashes and all. */
  readonly name: string;
  readonly className: string;
  /** Where in the topology it stands. */
  readonly path: Path;
  /** Of a bidirectional layer's two. */
  readonly direction?: 'forward' | 'backward' | undefined;
}

/** A weight that a file holds. */
export interface StoredWeight {
  readonly shape: readonly number[];
  /** Row by row. @throws ImportError for numbers that can't be read */
  read(): Promise<Float32Array>;
}

/** One of a layer's weights, by the names that Keras may give it, and its position among them. */
export interface WantedWeight {
  readonly layer: KerasLayer;
  readonly names: readonly string[];
  readonly position: number;
}

/** Where a model's weights are. */
export interface WeightSource {
  /** Undefined for one that isn't there. @throws ImportError for one that can't be read */
  find(wanted: WantedWeight): StoredWeight | undefined;
}

/** A model of another's, its weights still in its files. */
export interface ForeignModel {
  readonly format: ModelFormat;
  readonly topology: TopologyJson;
  /** Where in the upload the topology stands, for pointers. */
  readonly place: Path;
  readonly weights: WeightSource;
  close(): void;
}
