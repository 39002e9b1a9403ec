import { DataError } from '../../data-error.ts';
import type { Numbers } from '../arrays.ts';
import { SLICE_BYTES } from '../slices.ts';
import type { Archive, ArchivedFile } from '../zip/archive.ts';
import { swapBytes } from './elements.ts';
import { lengthBytes, MAX_HEADER_BYTES, type NpyHeader, PREFIX_BYTES, readHeader } from './header.ts';

/**
 * Reads one array of an archive: its header, then its numbers. The format is NEP 1's
 * (https://numpy.org/neps/nep-0001-npy-format.html).
 */
export class ArrayReader {
  /** How messages name it. */
  readonly name: string;
  private readonly file: ArchivedFile;
  private readonly chunks: AsyncGenerator<Buffer>;
  private held: Buffer = Buffer.alloc(0);

  constructor(archive: Archive, file: ArchivedFile, name: string) {
    this.name = name;
    this.file = file;
    this.chunks = archive.stream(file);
  }

  /** @throws DataError for what is no NPY file, or has another length than its header promises */
  async readHeader(): Promise<NpyHeader> {
    const bytes = lengthBytes(await this.take(PREFIX_BYTES), this.name);
    const length = (await this.take(bytes)).readUIntLE(0, bytes);
    if (length > MAX_HEADER_BYTES)
      throw new DataError(
        `${this.name} has a header of ${length} bytes, and ${MAX_HEADER_BYTES} are the most`,
      );
    const header = readHeader((await this.take(length)).toString('latin1'), this.name);
    const promised = header.dimensions.reduce((product, n) => product * n, header.element.bytes);
    const there = this.file.bytes - PREFIX_BYTES - bytes - length;
    if (promised !== there)
      throw new DataError(`${this.name} promises ${promised} bytes of numbers, and there are ${there}`);
    return header;
  }

  /** All numbers, once. @throws DataError where the file is damaged */
  async *numbers({ element, isBigEndian }: NpyHeader): AsyncGenerator<Numbers> {
    for (;;) {
      const whole = this.held.length - (this.held.length % element.bytes);
      if (whole > 0) {
        const content = Buffer.from(this.held.subarray(0, Math.min(whole, SLICE_BYTES)));
        this.held = this.held.subarray(content.length);
        if (isBigEndian) swapBytes(content, element.bytes);
        yield element.decode(content);
      } else if (!(await this.fill())) return;
    }
  }

  async close(): Promise<void> {
    await this.chunks.return(undefined);
  }

  private async take(length: number): Promise<Buffer> {
    while (this.held.length < length) {
      if (!(await this.fill())) throw new DataError(`${this.name} breaks off within its header`);
    }
    const taken = this.held.subarray(0, length);
    this.held = this.held.subarray(length);
    return taken;
  }

  /** Whether there was more. */
  private async fill(): Promise<boolean> {
    const { value, done } = await this.chunks.next();
    if (done) return false;
    this.held = this.held.length > 0 ? Buffer.concat([this.held, value]) : value;
    return true;
  }
}
