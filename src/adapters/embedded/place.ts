import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { embeddedBinaries } from './binaries.ts';
import { type Cluster, createCluster, paths, type ServerUser, serverUser } from './cluster.ts';

/** Where root keeps what another user must reach, when the home lies below a folder closed to others. */
const REFUGE = '/var/lib/trainyard';

/**
 * The home's cluster, created on the first call. It is `postgres` in the home: a folder, or, where Postgres's
 * user can't reach the home, a link to a folder that it can.
 * @param notice is told of that folder when it is made
 */
export async function homeCluster(home: string, notice: (message: string) => void): Promise<Cluster> {
  await mkdir(home, { recursive: true });
  const place = join(home, 'postgres');
  const reachable = await canEnter(home, serverUser());
  const refuge = reachable ? home : REFUGE;
  if (!(await isThere(place))) {
    const folder = await createIn(reachable ? `${place}.` : `${REFUGE}/`, refuge);
    const published = reachable ? rename(folder, place) : symlink(folder, place);
    await published.catch(async (error) => {
      await rm(folder, { recursive: true });
      if (!(await isThere(place))) throw error; // else another launcher was first
    });
    if (!reachable)
      notice(`Postgres can't run as root, nor another user reach ${home}: data lie in ${folder}`);
  }
  const folder = await realpath(place);
  const user = await ownerOf(folder);
  return { folder, user, bin: await embeddedBinaries(refuge, user) };
}

/** Creates a cluster in a new folder, whole or not at all. */
async function createIn(prefix: string, refuge: string): Promise<string> {
  const user = serverUser();
  const folder = `${prefix}${randomBytes(6).toString('hex')}`;
  const cluster = { folder, user, bin: await embeddedBinaries(refuge, user) };
  await mkdir(folder, { recursive: true });
  try {
    await chmod(folder, 0o700);
    const { password } = paths(cluster);
    await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (user) for (const path of [folder, password]) await chown(path, user.uid, user.gid);
    await createCluster(cluster);
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
}

/** Root serves a cluster as the user who made it. */
async function ownerOf(folder: string): Promise<ServerUser | undefined> {
  const { uid, gid } = await stat(folder);
  return serverUser() && { uid, gid };
}

/** Asked by trying it as the user: modes alone don't tell (think of access lists and mounts). */
async function canEnter(folder: string, user: ServerUser | undefined): Promise<boolean> {
  if (!user) return true;
  const attempt = promisify(execFile)('/bin/sh', ['-c', 'cd "$0"', folder], { ...user, cwd: '/' });
  return attempt.then(
    () => true,
    () => false,
  );
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
