import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Has every trainer of a worker do something of its own as it is given a run: the environment for `startWorker`.
 * NODE_OPTIONS reaches a worker's children, and the trainer is the real one but for this.
 * @param body JavaScript with the trainer's `command`; `spec` is `command.spec`
 */
export async function injectIntoTrainers(
  home: string,
  body: string,
  nodeOptions = '',
): Promise<Record<string, string>> {
  const path = join(home, 'inject.cjs');
  await writeFile(
    path,
    `if (process.argv[1]?.endsWith('trainer.js')) {
      const { emit } = process;
      const act = (command, spec) => {\n${body}\n};
      process.emit = function (name, command, ...rest) {
        if (name === 'message' && command.type === 'start') act(command, command.spec);
        return emit.call(this, name, command, ...rest);
      };
    }`,
  );
  return { NODE_OPTIONS: `--require=${path} ${nodeOptions}`.trim() };
}
