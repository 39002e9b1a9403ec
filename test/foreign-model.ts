import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readForeignModel } from '../src/data/models/read-model.ts';
import { ByteBudget, type OwnFile, ScratchFiles } from '../src/data/models/scratch-files.ts';
import { settleImport } from '../src/jobs/imports/settle-import.ts';
import { streamModelFile } from '../src/model-file.ts';
import { ModelImport } from '../src/spec/model-import.ts';

const MAX_BYTES = 100_000_000;

/** A model's file of ours, made of an upload's files. The first is the one with the layers. */
export async function converted(
  files: Readonly<Record<string, Uint8Array>>,
  asked: object = {},
  maxBytes = MAX_BYTES,
): Promise<Buffer> {
  const scratch = new ScratchFiles(join(tmpdir(), 'trainyard-test-scratch'));
  try {
    const stored = new Map<string, OwnFile>();
    for (const [name, content] of Object.entries(files))
      stored.set(name, await scratch.keep([content], new ByteBudget(maxBytes)));
    const [model] = stored.values();
    const reading = { scratch, budget: new ByteBudget(maxBytes) };
    const foreign = await readForeignModel(model!, stored, reading);
    try {
      const settled = settleImport(foreign, ModelImport.parse(asked), maxBytes);
      const pieces: Uint8Array[] = [];
      for await (const piece of streamModelFile(settled, settled.weights)) pieces.push(piece);
      return Buffer.concat(pieces);
    } finally {
      foreign.close();
    }
  } finally {
    await scratch.close();
  }
}

/** What is wrong with an upload, by pointer. */
export async function faultsOf(
  files: Readonly<Record<string, Uint8Array>>,
  asked: object = {},
  maxBytes = MAX_BYTES,
): Promise<{ pointer: string; message: string }[]> {
  try {
    await converted(files, asked, maxBytes);
  } catch (error) {
    const { errors } = error as { errors?: { pointer: string; message: string }[] };
    if (errors) return errors;
    throw error;
  }
  return [];
}
