import { readFileSync } from 'node:fs';

type Json = Record<string, unknown>;

/** A whole model as one of the libraries writes it. */
export function topologyFixture(name: 'wide-and-deep.keras2' | 'residual.keras3' | 'mobilenet.tfjs'): Json {
  return JSON.parse(readFileSync(new URL(`topologies/${name}.json`, import.meta.url), 'utf8'));
}

/** The layers of Keras's that a test looks at, one upon another, as Keras 2 writes them. */
export function sequential(...layers: { class_name: string; config?: object }[]): Json {
  const named = layers.map(({ class_name, config }, i) => ({
    class_name,
    config: { name: `layer_${i}`, ...config },
  }));
  return { class_name: 'Sequential', config: { name: 'model', layers: named } };
}

export interface GraphLayer {
  name: string;
  class_name: string;
  config?: object;
  /** The names of the layers that it takes. */
  takes?: string[];
}

/** A functional model as Keras 2 writes it; the last layer is its output. */
export function functional(...layers: GraphLayer[]): {
  class_name: string;
  config: Json & { layers: Json[] };
} {
  const written = layers.map(({ name, class_name, config, takes = [] }) => ({
    class_name,
    name,
    config: { name, ...config },
    inbound_nodes: takes.length === 0 ? [] : [takes.map((source) => [source, 0, 0, {}])],
  }));
  const inputs = layers.filter(({ class_name }) => class_name === 'InputLayer');
  return {
    class_name: 'Functional',
    config: {
      name: 'model',
      layers: written,
      input_layers: inputs.map(({ name }) => [name, 0, 0]),
      output_layers: [[layers.at(-1)!.name, 0, 0]],
    },
  };
}

/** All keys as TensorFlow.js has them before it saves. */
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== 'object' || value === null) return value;
  const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), camelCased(inner)]));
}
