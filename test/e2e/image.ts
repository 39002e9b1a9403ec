import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, Started } from './started-service.ts';

interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

/** One stage of a Dockerfile, carried out in a folder that stands for its container's root. */
interface Stage {
  readonly folder: string;
  readonly environment: Record<string, string>;
  command: string[];
  healthCheck: string[];
}

/**
 * Carries out a Dockerfile without Docker: the same instructions, in folders rather than in containers, with this
 * machine's Node. It leaves out what needs the container's own users; the base image it can't check.
 */
export class Image {
  readonly #stage: Stage;

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** @param builder what earlier images of this run have built: equal stages are built once, as Docker does */
  static async build(dockerfile: string, builder: Builder): Promise<Image> {
    const stages = new Map<string, Stage>();
    let last: Stage | undefined;
    for (const instructions of stagesOf(readFileSync(join(root, dockerfile), 'utf8'))) {
      const name = instructions[0]!.text.match(/ AS (\w+)$/i)?.[1] ?? 'final';
      last = await builder.stage(instructions, stages);
      stages.set(name, last);
    }
    return new Image(last!);
  }

  /** Starts the container's command. */
  start(environment: Record<string, string>): Started {
    return this.#run(this.#stage.command, environment);
  }

  /** Runs the health check, as Docker would; true for healthy. */
  async isHealthy(environment: Record<string, string>): Promise<boolean> {
    return (await this.#run(this.#stage.healthCheck, environment).ended).code === 0;
  }

  #run(command: string[], environment: Record<string, string>): Started {
    const { folder } = this.#stage;
    const PATH = `${join(folder, 'usr/local/bin')}:${process.env.PATH}`;
    const [program, ...args] = command as [string, ...string[]];
    return new Started(
      [program, ...args],
      { ...this.#stage.environment, PATH, ...environment },
      join(folder, 'app'),
    );
  }
}

/** Builds stages below a folder for temporary files. */
export class Builder {
  readonly folder = mkdtempSync(join(tmpdir(), 'trainyard-image-'));
  readonly #built = new Map<string, Stage>();
  readonly #context = this.#makeContext();

  async stage(instructions: readonly Instruction[], stages: ReadonlyMap<string, Stage>): Promise<Stage> {
    const key = instructions.map(({ keyword, text }) => `${keyword} ${text}`).join('\n');
    const known = this.#built.get(key);
    if (known) return known;
    const folder = mkdtempSync(join(this.folder, 'stage-'));
    const stage: Stage = { folder, environment: {}, command: [], healthCheck: [] };
    mkdirSync(join(folder, 'app'));
    for (const instruction of instructions) await this.#carryOut(instruction, stage, stages);
    this.#built.set(key, stage);
    return stage;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  async #carryOut(
    { keyword, text }: Instruction,
    stage: Stage,
    stages: ReadonlyMap<string, Stage>,
  ): Promise<void> {
    if (keyword === 'ENV') {
      for (const [, name, value] of text.matchAll(/(\w+)=(\S+)/g))
        stage.environment[name!] = placed(value!, stage);
    } else if (keyword === 'COPY') this.#copy(text.split(/\s+/), stage, stages);
    else if (keyword === 'RUN' && text.startsWith('npm ')) await runIn(stage, text);
    else if (keyword === 'CMD') stage.command = JSON.parse(text);
    else if (keyword === 'HEALTHCHECK') stage.healthCheck = JSON.parse(text.slice(text.indexOf('[')));
  }

  #copy(words: string[], stage: Stage, stages: ReadonlyMap<string, Stage>): void {
    const from = words[0]!.match(/^--from=(\w+)$/)?.[1];
    const paths = from ? words.slice(1) : words;
    const source = from ? stages.get(from)!.folder : this.#context;
    const to = paths.at(-1)!;
    for (const path of paths.slice(0, -1)) {
      const target = to.endsWith('/') && path !== '.' ? join(to, path) : to;
      cpSync(join(source, path), join(placed(target, stage, join(stage.folder, 'app'))), { recursive: true });
    }
  }

  /** What Docker would be sent: .dockerignore refuses everything, and lets in what it names with a `!`. */
  #makeContext(): string {
    const context = join(this.folder, 'context');
    const lines = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n');
    for (const line of lines.filter((it) => it.startsWith('!')))
      cpSync(join(root, line.slice(1)), join(context, line.slice(1)), { recursive: true });
    for (const line of lines.filter((it) => /^\w/.test(it)))
      rmSync(join(context, line), { recursive: true, force: true });
    return context;
  }
}

/** A path of the container, in the folder that stands for its root; a relative one in `workFolder`. */
function placed(path: string, stage: Stage, workFolder = ''): string {
  return path.startsWith('/') ? join(stage.folder, path) : workFolder ? join(workFolder, path) : path;
}

async function runIn(stage: Stage, command: string): Promise<void> {
  // A container has a cache of its own, and an image cleans it: that must not be the cache of whoever tests.
  const environment = { ...stage.environment, npm_config_cache: join(stage.folder, 'npm-cache') };
  const run = new Started(['sh', '-c', command], environment, join(stage.folder, 'app'));
  const { code, stdout, stderr } = await run.ended;
  if (code !== 0) throw new Error(`${command} failed:\n${stdout}\n${stderr}`);
}

/** Instructions by stage; each stage begins with its FROM. */
function stagesOf(dockerfile: string): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const line of dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')) {
    const [, keyword, text] = line.match(/^([A-Z]+) (.*)$/) ?? [];
    if (keyword === 'FROM') stages.push([]);
    if (keyword) stages.at(-1)!.push({ keyword, text: text! });
  }
  return stages;
}
