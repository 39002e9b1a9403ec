import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDiskBlobs } from '../../src/adapters/artifacts/disk-blobs.ts';
import type { BlobStore } from '../../src/jobs/ports.ts';

const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

let root: string;
let directory: string;
let blobs: BlobStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'trainyard-blobs-'));
  directory = join(root, 'blobs');
  blobs = createDiskBlobs({ directory });
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Every file under the store's directory, temporary ones too. */
async function files(): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

const read = async (key: string, range?: { start: number; end: number }) =>
  buffer(await blobs.read(key, range));

describe('a blob store', () => {
  test('keeps a stream under the hash of its content, and gives it back byte for byte', async () => {
    const content = randomBytes(300_000);
    const chunks = [content.subarray(0, 7), content.subarray(7, 200_000), content.subarray(200_000)];
    const blob = await blobs.put(Readable.from(chunks));
    expect(blob).toEqual({ key: sha256(content), bytes: 300_000 });
    expect(await read(blob.key)).toEqual(content);
    expect(await readFile(await blobs.localPath(blob.key))).toEqual(content);
    expect(await files()).toEqual([blob.key]);
  });

  test('keeps an empty stream, and text', async () => {
    const empty = await blobs.put(Readable.from([]));
    expect(empty).toEqual({ key: sha256(''), bytes: 0 });
    expect(await read(empty.key)).toEqual(Buffer.alloc(0));
    expect(await blobs.put(Readable.from(['größe']))).toEqual({ key: sha256('größe'), bytes: 7 });
  });

  test('keeps the same content once, also when it comes from many at once', async () => {
    const content = randomBytes(50_000);
    const stored = await Promise.all(Array.from({ length: 8 }, () => blobs.put(Readable.from([content]))));
    expect(new Set(stored.map((blob) => blob.key))).toEqual(new Set([sha256(content)]));
    expect(await files()).toEqual([sha256(content)]);
    expect(await read(sha256(content))).toEqual(content);
  });

  test('refuses what is larger than allowed as soon as it is, and keeps none of it', async () => {
    let asked = 0;
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          asked += 1;
          yield randomBytes(1_000);
        }
      })(),
    );
    await expect(blobs.put(endless, { maxBytes: 10_000 })).rejects.toMatchObject({ code: 'tooLarge' });
    expect(asked).toBeLessThan(50);
    expect(endless.destroyed).toBe(true);
    expect(await files()).toEqual([]);
    expect(await blobs.put(Readable.from([randomBytes(10_000)]), { maxBytes: 10_000 })).toMatchObject({
      bytes: 10_000,
    });
  });

  test('keeps nothing of a stream that breaks off', async () => {
    const broken = Readable.from(
      (async function* () {
        yield randomBytes(100_000);
        throw new Error('the client went away');
      })(),
    );
    await expect(blobs.put(broken)).rejects.toThrow('the client went away');
    const aborted = new Readable({ read() {} });
    aborted.push(randomBytes(100));
    setTimeout(() => aborted.destroy(), 30);
    await expect(blobs.put(aborted)).rejects.toThrow();
    expect(await files()).toEqual([]);
  });

  test('reads a range, its end included', async () => {
    const { key } = await blobs.put(Readable.from(['0123456789']));
    expect(`${await read(key, { start: 2, end: 5 })}`).toBe('2345');
    expect(`${await read(key, { start: 0, end: 0 })}`).toBe('0');
    expect(`${await read(key, { start: 8, end: 100 })}`).toBe('89');
  });

  test('knows no blob that was never stored, was deleted, or has a key that is none', async () => {
    const { key } = await blobs.put(Readable.from(['gone']));
    await blobs.delete(key);
    await blobs.delete(key);
    await writeFile(join(root, 'secret'), 'not a blob');
    const none = [
      key,
      sha256('never'),
      '../secret',
      `../../${'a'.repeat(58)}`,
      key.toUpperCase(),
      '',
      `${key}\n`,
    ];
    for (const unknown of none) {
      await expect(blobs.read(unknown), unknown).rejects.toMatchObject({ code: 'notFound' });
      await expect(blobs.localPath(unknown), unknown).rejects.toMatchObject({ code: 'notFound' });
      await blobs.delete(unknown);
    }
    expect(await readFile(join(root, 'secret'), 'utf8')).toBe('not a blob');
  });

  test('takes a file in, with a mode of its own', async () => {
    const path = join(root, 'model.json');
    await writeFile(path, '{"a":1}');
    await chmod(path, 0o777);
    const blob = await blobs.putFile(path);
    expect(blob).toEqual({ key: sha256('{"a":1}'), bytes: 7 });
    expect(`${await read(blob.key)}`).toBe('{"a":1}');
    expect((await stat(await blobs.localPath(blob.key))).mode & 0o777).toBe(0o600);
    expect(await files()).toEqual([blob.key]);
    await blobs.delete(blob.key);
    expect(await blobs.putFile(path)).toEqual(blob);
    expect(await blobs.putFile(path)).toEqual(blob);
    expect(await files()).toEqual([blob.key]);
  });

  test('takes a file in from another file system, where there is one', async () => {
    const elsewhere = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'trainyard-'));
    const path = join(elsewhere, 'weights.bin');
    await writeFile(path, 'weights');
    const blob = await blobs.putFile(path);
    expect(`${await read(blob.key)}`).toBe('weights');
    expect(await readdir(elsewhere)).toEqual(['weights.bin']);
    await rm(elsewhere, { recursive: true });
  });

  test('takes no file in that isn’t one', async () => {
    await writeFile(join(root, 'secret'), 'secret');
    await symlink(join(root, 'secret'), join(root, 'link'));
    await mkdir(join(root, 'folder'));
    for (const name of ['link', 'folder', 'absent']) {
      await expect(blobs.putFile(join(root, name))).rejects.toThrow();
    }
    expect(await files()).toEqual([]);
    expect(await readFile(join(root, 'secret'), 'utf8')).toBe('secret');
  });

  test('clears away what a killed process left, and only that', async () => {
    const script = `
      import { createDiskBlobs } from ${JSON.stringify(new URL('../../src/adapters/artifacts/disk-blobs.ts', import.meta.url).href)};
      createDiskBlobs({ directory: ${JSON.stringify(directory)} }).put(process.stdin);
      console.log('at work');`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.stdin.write(randomBytes(1_000));
    await expect.poll(files, { timeout: 5_000 }).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');

    const [left = ''] = await files();
    createDiskBlobs({ directory });
    expect(await files()).toEqual([left]);
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(join(directory, 'tmp', left), longAgo, longAgo);
    createDiskBlobs({ directory });
    expect(await files()).toEqual([]);
  });

  test('tells what was put before a time, and not again since', async () => {
    const keysBefore = async (time: Date) => {
      const keys: string[] = [];
      for await (const key of blobs.putBefore(time)) keys.push(key);
      return keys;
    };
    const longAgo = new Date(Date.now() - 7_200_000);
    const hourAgo = new Date(Date.now() - 3_600_000);
    const [old, again] = [await blobs.put(Readable.from(['old'])), await blobs.put(Readable.from(['again']))];
    for (const { key } of [old, again]) await utimes(await blobs.localPath(key), longAgo, longAgo);
    await blobs.put(Readable.from(['new']));
    const path = join(root, 'file');
    await writeFile(path, 'again');
    await utimes(path, longAgo, longAgo);
    await blobs.putFile(path);
    expect(await keysBefore(hourAgo)).toEqual([old.key]);
    expect(await keysBefore(longAgo)).toEqual([]);
  });

  test('says whether it can be used', async () => {
    await blobs.ping();
    await rm(directory, { recursive: true });
    await expect(blobs.ping()).rejects.toThrow();
  });
});
