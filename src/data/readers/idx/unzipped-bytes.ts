import type { Readable } from 'node:stream';
import { slices } from '../slices.ts';
import { Gunzip } from './gunzip.ts';

const NONE: Buffer = Buffer.alloc(0);

/**
 * The bytes of files that follow one another in a stream, each of them gzipped or not: gzip is told by its magic
 * bytes where a file begins. Several files may lie in one gzip stream, and one file in several gzip members.
 */
export class UnzippedBytes {
  private readonly source: AsyncGenerator<Buffer>;
  /** Bytes of the source that were read too far. */
  private unread: Buffer = NONE;
  /** How the current file is stored; null before a file whose first bytes haven't been looked at. */
  private storage: Gunzip | 'plain' | null = null;
  /** Bytes of files that haven't been taken yet. */
  private ready: Buffer[] = [];

  constructor(source: Readable) {
    this.source = slices(source);
  }

  /** Goes to where the next file begins, once all of the last one was taken. False where there is none. */
  async startFile(): Promise<boolean> {
    if (this.storage === 'plain') this.endPlainFile();
    while (!(await this.fill())) {
      const start = await this.peek();
      if (start.length === 0) return false;
      this.storage = start[0] === 0x1f && start[1] === 0x8b ? new Gunzip() : 'plain';
    }
    return true;
  }

  /** The next bytes of the file, `most` or fewer; null where they break off. @throws DataError for damaged gzip */
  async take(most: number): Promise<Buffer | null> {
    if (!(await this.fill())) return null;
    const first = this.ready.shift()!;
    if (first.length > most) this.ready.unshift(first.subarray(most));
    return first.subarray(0, most);
  }

  /** Lets go of the source, read to its end or not. */
  async close(): Promise<void> {
    if (this.storage instanceof Gunzip) this.storage.close();
    await this.source.return(undefined);
  }

  /** Whether there is a byte to take. */
  private async fill(): Promise<boolean> {
    while (this.ready.length === 0) {
      if (this.storage === null) return false;
      const slice = await this.next();
      if (this.storage !== 'plain') await this.inflate(this.storage, slice);
      else if (slice.length === 0) return false;
      else this.ready = [slice];
    }
    return true;
  }

  private async inflate(gunzip: Gunzip, slice: Buffer): Promise<void> {
    const { output, ended, rest } = await (slice.length > 0 ? gunzip.inflate(slice) : gunzip.end());
    this.ready = [...output];
    if (!ended) return;
    gunzip.close();
    this.unread = rest;
    this.storage = null;
  }

  /** What was read past a plain file's end is the source's again: it may be gzip. */
  private endPlainFile(): void {
    this.unread = Buffer.concat(this.ready);
    this.ready = [];
    this.storage = null;
  }

  /** The next slice of the source; empty at its end. */
  private async next(): Promise<Buffer> {
    const slice = this.unread;
    this.unread = NONE;
    if (slice.length > 0) return slice;
    const { value, done } = await this.source.next();
    return done ? NONE : value;
  }

  /** The next bytes of the source, two where there are as many, without taking them. */
  private async peek(): Promise<Buffer> {
    let start = await this.next();
    for (let more = start; more.length > 0 && start.length < 2; ) {
      more = await this.next();
      start = Buffer.concat([start, more]);
    }
    this.unread = start;
    return start;
  }
}
