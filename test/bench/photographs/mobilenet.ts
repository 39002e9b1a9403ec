import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { KEPT } from '../kept.ts';

/** Carries a MobileNetV2 in bytes (MIT licence); it knows photographs, and sorts them by what is decent. */
const PACKAGE = 'nsfwjs';
const VERSION = '4.4.0';
const FOLDER = join(KEPT, PACKAGE);

/** The highest layer that is of use for other pictures: what it found in one, as 1,280 numbers. */
export const FEATURES = 'flatten_1';

/** The form that imports it. */
export function mobileNetForm(): FormData {
  const model = carried('model');
  const [{ paths }] = (model as { weightsManifest: [{ paths: string[] }] }).weightsManifest;
  const form = new FormData();
  form.set('name', 'mobilenet-v2');
  form.set('model', new Blob([JSON.stringify(model)]), 'model.json');
  for (const path of paths) {
    const shard = Buffer.from(carried(path) as string, 'base64');
    form.append('weights', new Blob([shard]), path);
  }
  return form;
}

/** What a file of the package holds: the model's JSON, or a shard in base64. */
function carried(name: string): unknown {
  if (!existsSync(FOLDER)) unpack();
  const require = createRequire(import.meta.url);
  return require(resolve(FOLDER, 'package/dist/models/mobilenet_v2', `${name}.min.js`));
}

function unpack(): void {
  mkdirSync(KEPT, { recursive: true });
  execFileSync('npm', ['pack', '--silent', `${PACKAGE}@${VERSION}`], { cwd: KEPT });
  mkdirSync(FOLDER);
  execFileSync('tar', ['-xzf', join(KEPT, `${PACKAGE}-${VERSION}.tgz`), '-C', FOLDER]);
}
