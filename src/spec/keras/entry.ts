import { z } from 'zod';
import { Identifier } from '../common.ts';
import type { Faults, Path } from './fault.ts';
import type { JsonObject } from './json.ts';

/** What a topology says of one layer, before its config is looked at. */
export interface Entry {
  readonly className: string;
  /** As the topology has it, by which other layers refer to it. */
  readonly name: string;
  readonly config: JsonObject;
  /** What it takes, each time that it is called. */
  readonly calls: readonly unknown[];
  readonly path: Path;
  readonly namePath: Path;
}

const Config = z.record(z.string(), z.unknown());
const Layer = z.object({
  class_name: z.string(),
  config: Config,
  name: z.string().optional(),
  inbound_nodes: z.array(z.unknown()).nullish(),
});

/** @returns undefined, with its faults noted, for what is no layer */
export function readEntry(value: unknown, path: Path, faults: Faults): Entry | undefined {
  const { data: layer, error } = Layer.safeParse(value);
  if (layer === undefined) {
    faults.addIssues(path, error.issues);
    return undefined;
  }
  const { class_name: className, config, inbound_nodes } = layer;
  const name = layer.name ?? config.name;
  const namePath = layer.name === undefined ? [...path, 'config', 'name'] : [...path, 'name'];
  if (typeof name === 'string')
    return { className, name, config, calls: inbound_nodes ?? [], path, namePath };
  faults.add(namePath, 'a layer needs a name');
  return undefined;
}

/** The layer’s name in the network: Keras’s older ones have slashes (`conv1/bn`), which separate weights here. */
export function networkName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}

export function isNetworkName(name: string): boolean {
  return Identifier.safeParse(name).success;
}
