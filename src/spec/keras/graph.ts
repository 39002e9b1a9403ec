import { type Reference, readCall, referencesIn } from './call.ts';
import { type Entry, readEntry } from './entry.ts';
import type { Faults, Path } from './fault.ts';
import { readInput, type TopologyInput } from './input.ts';
import { isObject, type JsonObject } from './json.ts';
import { inOrder, leadingTo } from './order.ts';

/** A layer of the graph; its id tells it from layers of the same name in models that lie within. */
export interface GraphLayer extends Entry {
  readonly id: string;
  readonly sources: readonly string[];
}

export interface Graph {
  /** Each after those that it takes, the output last. */
  readonly layers: readonly GraphLayer[];
  /** Undefined where the topology says no shape. */
  readonly input: TopologyInput | undefined;
}

/** The id of the network's own input. */
export const GRAPH_INPUT = '';

const MODELS: ReadonlySet<string> = new Set(['Functional', 'Model', 'Sequential']);
const MAX_LAYERS = 2_000;
/** Models within models. */
const MAX_DEPTH = 8;

/** Takes a model apart into its layers; a model that stands for a layer becomes the layers within. */
export function readGraph(model: JsonObject, path: Path, faults: Faults): Graph {
  const reader = new GraphReader(faults);
  const output = reader.model(model, path, GRAPH_INPUT, 0);
  const layers = reader.wired();
  const last = output === undefined ? undefined : reader.resolve(output);
  if (last === undefined && faults.found.length === 0)
    faults.add(path, 'no layer of the model leads to its output');
  if (last === undefined || faults.found.length > 0) return { layers: [], input: reader.input };
  return { layers: upTo(last, layers, path, faults), input: reader.input };
}

function upTo(output: string, layers: readonly GraphLayer[], path: Path, faults: Faults): GraphLayer[] {
  const { ordered, circular } = inOrder(layers);
  for (const layer of circular) faults.add(layer.path, 'takes its own output, by way of others');
  const leading = leadingTo(output, ordered);
  for (const layer of ordered)
    if (!leading.has(layer.id)) faults.add(layer.path, 'doesn’t lead to the model’s output');
  if (output === GRAPH_INPUT) faults.add(path, 'the model has no layer');
  return ordered;
}

class GraphReader {
  input: TopologyInput | undefined;
  readonly #faults: Faults;
  readonly #layers: (Entry & { id: string; references: readonly { id: string; at: Reference }[] })[] = [];
  /** Of what is no layer itself: an input, or a model within. */
  readonly #standsFor = new Map<string, string>();
  readonly #resolved = new Map<string, string | undefined>();
  readonly #ids = new Set<string>([GRAPH_INPUT]);

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /**
   * @param scope the id of the model's input; its layers' ids begin with it
   * @returns the id of its output; undefined where it has none
   */
  model(model: JsonObject, path: Path, scope: string, depth: number): string | undefined {
    const { class_name: className, config } = model;
    if (typeof className !== 'string' || !MODELS.has(className)) {
      this.#faults.add([...path, 'class_name'], 'must be Functional, Model or Sequential');
      return undefined;
    }
    if (depth > MAX_DEPTH) {
      this.#faults.add(path, `models lie in one another more than ${MAX_DEPTH} deep`);
      return undefined;
    }
    // Keras's first Sequential had the list itself for its config.
    const isList = Array.isArray(config);
    const layersPath = isList ? [...path, 'config'] : [...path, 'config', 'layers'];
    const list = isList ? config : isObject(config) ? config.layers : undefined;
    const entries = this.#entries(list, layersPath);
    if (entries === undefined) return undefined;
    if (className === 'Sequential') return this.#chain(entries, scope, depth);
    const outputs = isObject(config) ? config.output_layers : undefined;
    return this.#functional(entries, outputs, path, scope, depth);
  }

  /** The layers with what each takes, seen through inputs and models within. */
  wired(): GraphLayer[] {
    return this.#layers.map(({ references, ...layer }) => {
      const sources = references.flatMap(({ id, at }) => this.#source(id, at) ?? []);
      return { ...layer, sources };
    });
  }

  /** The layer that an id stands for. Undefined where no layer has it, or inputs stand for one another. */
  resolve(id: string): string | undefined {
    if (!this.#resolved.has(id)) this.#resolved.set(id, this.#follow(id));
    return this.#resolved.get(id);
  }

  #follow(id: string): string | undefined {
    const seen = new Set<string>();
    let at = id;
    for (let next = this.#standsFor.get(at); next !== undefined; next = this.#standsFor.get(at)) {
      if (seen.has(at)) return undefined;
      seen.add(at);
      at = next;
    }
    return this.#ids.has(at) ? at : undefined;
  }

  #source(id: string, { name, path }: Reference): string | undefined {
    const source = this.resolve(id);
    if (source === undefined) this.#faults.add(path, `there is no layer “${name}” to take`);
    return source;
  }

  #entries(list: unknown, path: Path): Entry[] | undefined {
    if (!Array.isArray(list)) {
      this.#faults.add(path, 'must be a list of layers');
      return undefined;
    }
    if (list.length + this.#ids.size > MAX_LAYERS) {
      this.#faults.add(path, `a network has ${MAX_LAYERS} layers at most`);
      return undefined;
    }
    return list.flatMap((layer, i) => readEntry(layer, [...path, i], this.#faults) ?? []);
  }

  #chain(entries: readonly Entry[], scope: string, depth: number): string {
    if (scope === GRAPH_INPUT && entries[0]) this.input ??= readInput(entries[0], this.#faults);
    return entries.reduce((below, entry) => {
      const at = { name: entry.name, path: entry.path };
      return this.#layer(entry, scope, [{ id: below, at }], depth);
    }, scope);
  }

  #functional(
    entries: readonly Entry[],
    outputs: unknown,
    path: Path,
    scope: string,
    depth: number,
  ): string | undefined {
    this.#checkInputs(entries, path);
    for (const entry of entries) {
      if (entry.className === 'InputLayer') {
        if (scope === GRAPH_INPUT) this.input ??= readInput(entry, this.#faults);
        this.#layer(entry, scope, [], depth);
      } else {
        const references = readCall(entry.calls, [...entry.path, 'inbound_nodes'], this.#faults);
        const sources = references.map((at) => ({ id: scoped(scope, at.name), at }));
        this.#layer(entry, scope, sources, depth);
      }
    }
    return this.#output(outputs, [...path, 'config', 'output_layers'], scope);
  }

  #checkInputs(entries: readonly Entry[], path: Path): void {
    const inputs = entries.filter(({ className }) => className === 'InputLayer');
    if (inputs.length === 1) return;
    const names = inputs.map(({ name }) => `“${name}”`).join(', ');
    const remedy = 'give it one InputLayer of all columns, and let every branch take that';
    const message =
      inputs.length === 0 ? 'the model has no InputLayer' : `the model has the inputs ${names}: ${remedy}`;
    this.#faults.add([...path, 'config', inputs.length === 0 ? 'layers' : 'input_layers'], message);
  }

  #output(outputs: unknown, path: Path, scope: string): string | undefined {
    const references = referencesIn(outputs, path, this.#faults);
    if (references.length !== 1) {
      const names = references.map(({ name }) => `“${name}”`).join(', ');
      this.#faults.add(path, `a network has one output, and the model has ${names || 'none'}`);
      return undefined;
    }
    const [at] = references as [Reference];
    const id = scoped(scope, at.name);
    if (!this.#has(id)) this.#faults.add(at.path, `there is no layer “${at.name}” to put out`);
    return id;
  }

  #has(id: string): boolean {
    return this.#ids.has(id) || this.#standsFor.has(id);
  }

  /** @returns the layer's id */
  #layer(
    entry: Entry,
    scope: string,
    references: readonly { id: string; at: Reference }[],
    depth: number,
  ): string {
    const id = scoped(scope, entry.name);
    if (this.#has(id)) this.#faults.add(entry.namePath, `another layer is named “${entry.name}” too`);
    else if (entry.className === 'InputLayer') this.#standsFor.set(id, references[0]?.id ?? scope);
    else if (MODELS.has(entry.className)) this.#within(entry, id, references, depth);
    else {
      this.#ids.add(id);
      this.#layers.push({ ...entry, id, references });
    }
    return id;
  }

  #within(
    entry: Entry,
    id: string,
    references: readonly { id: string; at: Reference }[],
    depth: number,
  ): void {
    const inside = `${id}${SEPARATOR}`;
    if (references.length !== 1) {
      this.#faults.add(
        entry.path,
        `a model within a model takes one input, and this gets ${references.length}`,
      );
      return;
    }
    this.#standsFor.set(inside, references[0]!.id);
    const model = { class_name: entry.className, config: entry.config };
    const output = this.model(model, entry.path, inside, depth + 1);
    if (output !== undefined) this.#standsFor.set(id, output);
  }
}

/** Stands in no layer's name as Keras takes them. */
const SEPARATOR = '\n';

function scoped(scope: string, name: string): string {
  return `${scope}${name}`;
}
