import { createGunzip } from 'node:zlib';
import { DataError } from '../../data-error.ts';
import { SLICE_BYTES } from '../slices.ts';

/** What a slice of gzip members holds, and what follows the last of them in the slice. */
export interface Inflated {
  readonly output: readonly Buffer[];
  /** Whether the members ended within the slice. */
  readonly ended: boolean;
  readonly rest: Buffer;
}

/**
 * Inflates gzip members, one after another, slice by slice. A slice inflates to at most some thousand times its
 * size, which is all that is held at once.
 */
export class Gunzip {
  private readonly stream = createGunzip({ chunkSize: SLICE_BYTES });
  private output: Buffer[] = [];

  constructor() {
    this.stream.on('data', (chunk: Buffer) => this.output.push(chunk));
  }

  /** @throws DataError for bytes that are no gzip */
  async inflate(slice: Buffer): Promise<Inflated> {
    const before = this.stream.bytesWritten;
    const ended = await this.settled((done) => this.stream.write(slice, done));
    return { output: this.take(), ended, rest: slice.subarray(this.stream.bytesWritten - before) };
  }

  /** Where the source is at its end. @throws DataError within a member */
  async end(): Promise<Inflated> {
    await this.settled(() => this.stream.end());
    return { output: this.take(), ended: true, rest: Buffer.alloc(0) };
  }

  close(): void {
    this.stream.destroy();
  }

  /** A slice is done with when its callback comes (false), or when the stream ends before it took all (true). */
  private settled(act: (done: (error?: Error | null) => void) => void): Promise<boolean> {
    const { stream } = this;
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null | undefined, ended: boolean) => {
        stream.off('end', onEnd).off('error', onError);
        if (error) reject(inOurWords(error));
        else resolve(ended);
      };
      const onEnd = () => settle(null, true);
      const onError = (error: Error) => settle(error, true);
      stream.once('end', onEnd).once('error', onError);
      act((error) => settle(error, false));
    });
  }

  private take(): Buffer[] {
    const { output } = this;
    this.output = [];
    return output;
  }
}

function inOurWords(error: Error): DataError {
  const cutOff = 'code' in error && error.code === 'Z_BUF_ERROR';
  return new DataError(
    cutOff ? 'the file breaks off: its gzip data isn’t whole' : 'the gzip data is damaged',
  );
}
