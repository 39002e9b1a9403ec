import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { childEnvironment } from '../../src/config.ts';
import type { BlobStore } from '../../src/jobs/ports.ts';
import type { Logger } from '../../src/logger.ts';
import type { GemmReport } from '../../src/spec/compilation.ts';
import type { PredictorCommand, PredictorMessage } from '../../src/spec/predictor.ts';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 30_000;

export interface Predictor {
  /** Where it listens. */
  readonly url: string;
  /** What it computes on, as it really is. */
  readonly device: string;
  /** What its self-test found of multiplying matrices; null where nothing is compiled. */
  readonly gemm: GemmReport | null;
}

export interface PredictorHost {
  /** The first predictor. @throws Error with its reason when it can't start: this machine lacks what was asked for */
  readonly started: Promise<Predictor>;
  /** The predictor that is up, if one is. */
  current(): Predictor | null;
  stop(): void;
}

interface Options {
  readonly blobs: Pick<BlobStore, 'localPath'>;
  readonly host: string;
  readonly token: string;
  readonly backend: string;
  /** What is to multiply matrices, or `auto`; null where nothing is to be compiled. */
  readonly gemm: string | null;
  readonly logger: Logger;
}

/** Keeps a predictor child up, and brings it the files of the models it is asked for. */
export function hostPredictor({ blobs, host, token, backend, gemm, logger }: Options): PredictorHost {
  const script = new URL(`./predictor${extname(import.meta.filename)}`, import.meta.url);
  let child: ChildProcess;
  let current: Predictor | null = null;
  let stopped = false;
  let delayMs = FIRST_DELAY_MS;
  let restart: NodeJS.Timeout | undefined;
  const { promise: started, resolve, reject } = withResolvers<Predictor>();

  function start(): void {
    const begun = fork(script, { env: childEnvironment(), stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    // What one predictor asked for isn't told to the one after it, which counts its questions from 1 again.
    const send = (command: PredictorCommand) => void (begun.connected && begun.send(command, () => {}));
    begun.on('message', (message) => void onMessage(message as PredictorMessage, send));
    begun.on('error', (err) => logger.error({ err }, 'The predictor could not be spoken to'));
    begun.on('exit', onExit);
    send({ type: 'start', host, token, backend, gemm });
    child = begun;
  }

  async function onMessage(
    message: PredictorMessage,
    send: (command: PredictorCommand) => void,
  ): Promise<void> {
    if (message.type === 'ready') {
      current = {
        url: `http://${host.includes(':') ? `[${host}]` : host}:${message.port}`,
        device: message.device,
        gemm: message.gemm,
      };
      delayMs = FIRST_DELAY_MS;
      resolve(current);
    } else if (message.type === 'failed') {
      reject(new Error(message.message));
    } else {
      send(await fetched(message.id, message.blobKey));
    }
  }

  async function fetched(id: number, blobKey: string): Promise<PredictorCommand> {
    try {
      return { type: 'fetched', id, path: await blobs.localPath(blobKey) };
    } catch (error) {
      return { type: 'fetchFailed', id, message: (error as Error).message };
    }
  }

  function onExit(code: number | null, signal: string | null): void {
    current = null;
    reject(new Error(`the predictor ended before it was ready (${signal ?? code})`));
    if (stopped) return;
    logger.warn({ code, signal, delayMs }, 'The predictor ended and is started again');
    restart = setTimeout(start, delayMs);
    delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS);
  }

  start();
  return {
    started,
    current: () => current,
    stop() {
      stopped = true;
      clearTimeout(restart);
      child.kill('SIGKILL');
    },
  };
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
