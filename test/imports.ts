import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

/** One source file: files that it imports are named by their path from the root, packages by their specifier. */
export interface Source {
  readonly imports: readonly string[];
  readonly text: string;
}
/** By path from the root, with slashes. */
export type Sources = ReadonlyMap<string, Source>;

/**
 * Imports and re-exports, for types too, and dynamic imports of a literal. The code is formatted, so that a
 * statement begins its line.
 */
const IMPORT = /^(?:import|export)\b(?:[^'"=;(]*\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

export function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, statement, call]) => {
    const specifier = (statement ?? call)!;
    return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier;
  });
}

/** The sources of a project, given as texts by their paths. */
export function sourcesOf(texts: Readonly<Record<string, string>>): Sources {
  return new Map(
    Object.entries(texts).map(([file, text]) => [file, { text, imports: importsOf(file, text) }]),
  );
}

/** All TypeScript under the folders, but for what is generated. */
export function readSources(root: string, ...folders: string[]): Sources {
  const files = folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.includes('/generated/'));
  return sourcesOf(Object.fromEntries(files.map((file) => [file, readFileSync(join(root, file), 'utf8')])));
}

/** Everything that is loaded, in the end, when `entries` are. */
export function reachedFrom(sources: Sources, ...entries: string[]): Set<string> {
  const reached = new Set(entries);
  for (const file of reached) for (const next of sources.get(file)?.imports ?? []) reached.add(next);
  return reached;
}

/** The nodes of a graph that lie on a circle. */
export function circular(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const reaches = (start: string): boolean => {
    const reached = new Set(graph.get(start));
    for (const node of reached) for (const next of graph.get(node) ?? []) reached.add(next);
    return reached.has(start);
  };
  return [...graph.keys()].filter(reaches);
}
