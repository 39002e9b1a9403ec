import { describe, expect, it } from 'vitest';
import { Archive } from '../../../src/data/readers/zip/archive.ts';
import { type ZipEntry, zipFile } from '../../zip.ts';
import { withFile } from './fixture.ts';

const MOST = 1e6;
const open = (content: Buffer, maxBytes = MOST) =>
  withFile(content, async (path) => {
    const archive = await Archive.open(path, maxBytes);
    try {
      const contents: [string, string][] = [];
      for (const file of archive.files)
        contents.push([file.name, (await archive.read(file, MOST)).toString('latin1')]);
      return contents;
    } finally {
      archive.close();
    }
  });

const entry = (name: string, content: string | Buffer = 'some content', more: Partial<ZipEntry> = {}) => ({
  name,
  content: Buffer.from(content),
  ...more,
});

describe('an archive', () => {
  it('gives its files, stored or deflated, without its folders', async () => {
    const entries = [
      entry('a/', ''),
      entry('a/ä.txt', 'one'),
      entry('b', 'two', { stored: true }),
      entry('c', ''),
    ];
    expect(await open(zipFile(entries))).toEqual([
      ['a/ä.txt', 'one'],
      ['b', 'two'],
      ['c', ''],
    ]);
  });

  it('unzips to its own size, however well it is compressed', async () => {
    const zeros = Buffer.alloc(900_000);
    expect((await open(zipFile([entry('zeros', zeros)])))[0]![1]).toHaveLength(900_000);
  });

  const zeros = Buffer.alloc(600_000);
  const cut = zipFile([
    entry('a'.repeat(30), Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 7919) % 251))),
  ]);
  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /^the file isn’t a ZIP file: it must begin with “PK”$/],
    ['another file', Buffer.from('GIF89a'), /^the file isn’t a ZIP file/],
    ['no entry', zipFile([]), /^the ZIP file is empty$/],
    ['its end cut off', cut.subarray(0, -40), /^the ZIP file is damaged: End of central directory/],
    [
      'more than is allowed together',
      zipFile([entry('a', zeros), entry('b', zeros)]),
      /^the ZIP file unzips to more than the 1000000 bytes/,
    ],
    ['a bomb', zipFile([entry('bomb', Buffer.alloc(50_000_000))]), /^the ZIP file unzips to more than/],
    [
      'a bomb that lies',
      zipFile([entry('bomb', Buffer.alloc(50_000_000), { lies: { bytes: 1_000 } })]),
      /^“bomb” is damaged: too many bytes/,
    ],
    [
      'less than is promised',
      zipFile([entry('a', 'x', { lies: { bytes: 1_000 } })]),
      /^“a” is damaged: not enough bytes/,
    ],
    [
      'another checksum',
      zipFile([entry('a', 'x', { lies: { crc32: 7 } })]),
      /^“a” is damaged: its checksum is wrong$/,
    ],
    [
      'data that don’t inflate',
      zipFile([entry('a', '\xff\xff\xff', { stored: true, lies: { method: 8 } })]),
      /^“a” is damaged: /,
    ],
    ['a file twice', zipFile([entry('a'), entry('a')]), /^“a” stands twice in the ZIP file$/],
    ['an encrypted file', zipFile([entry('a', 'x', { lies: { flags: 0x801 } })]), /^“a” is encrypted$/],
    [
      'strong encryption',
      zipFile([entry('a', 'x', { lies: { flags: 0x840 } })]),
      /^the ZIP file is damaged: strong encryption is not supported$/,
    ],
    [
      'another method',
      zipFile([entry('a', 'x', { lies: { method: 14 } })]),
      /^“a” is compressed by the method 14; store it, or deflate it$/,
    ],
    ['a way out', zipFile([entry('../a')]), /invalid relative path/],
    ['an absolute path', zipFile([entry('/a')]), /absolute path/],
    ['a drive', zipFile([entry('C:\\a')]), /absolute path/],
    ['a long name', zipFile([entry('a'.repeat(1_001))]), /is a name of more than 1000 characters$/],
  ])('with %s is refused', async (_what, content, message) => {
    await expect(open(content)).rejects.toThrow(message);
  });

  it('with too many entries is refused before they are read', async () => {
    await expect(open(zipFile([entry('a')], 100_001))).rejects.toThrow(
      'the ZIP file has 100001 entries, and 100000 are the most',
    );
    expect(await open(zipFile([entry('a')], 1))).toHaveLength(1);
  });
});
