import { dirname } from 'node:path';
import { known, unknown, type Fact } from '../model/device.ts';
import { messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { isGone, names } from './attribute.ts';
import { at } from './root.ts';

/** How every exhibit job names the file whose lock it holds while it lives. */
const JOURNAL = '.journal.jsonl';
/** The journal's first record is shorter than this many bytes. */
const FIRST_RECORD = 1024 * 1024;

interface RunningJob {
  /** Absolute path of its journal. */
  readonly journal: string;
  /** Its journal as the process has it open, below /proc. */
  readonly opened: string;
  /** `device:inode`. */
  readonly identity: string;
  readonly pid: number;
}

/**
 * Bytes that other running exhibit jobs still need on the file system with this `st_dev`: what each said it needs in
 * the first record of its journal (`data.space_needed`), less what its folder has allocated. A job runs when a process
 * holds its journal open and locked. Unknown when another user's exhibit can't be looked into.
 */
export async function claimedByOthers(ports: Ports, device: number): Promise<Fact<number>> {
  const pids = await names(ports, '/proc');
  if (!pids.known) return pids;
  const jobs = new Map<string, RunningJob>();
  const own = new Set<string>();
  for (const pid of pids.value.filter((name) => /^\d+$/.test(name)).map(Number)) {
    const found = await jobsOf(ports, pid, device);
    if (!found.known) return found;
    for (const job of found.value) {
      jobs.set(job.identity, job);
      // A child of ours may have inherited our journal's descriptor.
      if (job.pid === ports.host.pid) own.add(job.identity);
    }
  }
  return sum(
    await Promise.all(
      [...jobs.values()].filter(({ identity }) => !own.has(identity)).map((job) => stillNeeded(ports, job)),
    ),
  );
}

function sum(claims: readonly Fact<number>[]): Fact<number> {
  let total = 0;
  for (const claim of claims) {
    if (!claim.known) return claim;
    total += claim.value;
  }
  return known(total);
}

async function jobsOf(ports: Ports, pid: number, device: number): Promise<Fact<RunningJob[]>> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await names(ports, folder);
  if (!descriptors.known) {
    return (await mayBeExhibit(ports, pid))
      ? unknown(`process ${pid} may be an exhibit job of another user, and its open files can't be listed`)
      : known([]);
  }
  const jobs = await Promise.all(descriptors.value.map((fd) => jobAt(ports, pid, fd, device)));
  return known(jobs.filter((job) => job !== null));
}

async function jobAt(ports: Ports, pid: number, fd: string, device: number): Promise<RunningJob | null> {
  const opened = `/proc/${pid}/fd/${fd}`;
  const journal = await ports.files.readLink(at(ports, opened)).catch(() => '');
  if (!journal.endsWith(JOURNAL)) return null;
  const stats = await ports.files.stat(at(ports, opened)).catch(() => null);
  if (stats?.dev !== device) return null;
  const locks = await ports.files.readText(at(ports, `/proc/${pid}/fdinfo/${fd}`)).catch(() => '');
  if (!/^lock:.*\bFLOCK\b/m.test(locks)) return null;
  return { journal, opened, identity: `${stats.dev}:${stats.ino}`, pid };
}

async function stillNeeded(ports: Ports, job: RunningJob): Promise<Fact<number>> {
  try {
    const needed = spaceNeeded(await firstRecord(ports, job.opened));
    if (needed === null)
      return unknown(`${job.journal} belongs to a running job and does not say how much room it needs`);
    return known(Math.max(0, needed - (await allocatedIn(ports, dirname(job.journal)))));
  } catch (error) {
    // The job ended while we looked: it needs nothing any more.
    return isGone(error) ? known(0) : unknown(`${job.journal}: ${messageOf(error)}`);
  }
}

/** The journal is locked before its first record is written: a job that has just begun gets a moment. */
async function firstRecord(ports: Ports, path: string): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const [line = '', ...more] = (await head(ports, path)).split('\n', 2);
    if (more.length > 0 || tries === 5) return line;
    await ports.clock.sleep(100);
  }
}

async function head(ports: Ports, path: string): Promise<string> {
  const file = await ports.files.open(at(ports, path), 'read');
  try {
    const buffer = Buffer.alloc(FIRST_RECORD);
    return buffer.toString('utf8', 0, await file.read(buffer, 0, buffer.length, 0));
  } finally {
    await file.close();
  }
}

function spaceNeeded(line: string): number | null {
  try {
    const bytes = field(field(JSON.parse(line), 'data'), 'space_needed');
    return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : null;
  } catch {
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/**
 * Bytes on disk of the folder's files; `st_blocks` counts 512-byte units on every file system. A folder that can't be
 * seen from here counts as empty: then the whole claim stands.
 */
async function allocatedIn(ports: Ports, folder: string): Promise<number> {
  const files = await ports.files.readDir(folder).catch(() => []);
  const stats = await Promise.all(files.map((name) => ports.files.lstat(`${folder}/${name}`).catch(() => null)));
  return stats.reduce((total, file) => total + (file?.isFile() === true ? file.blocks * 512 : 0), 0);
}

/** Name and command line of a process are open to all, even where its files are not. */
async function mayBeExhibit(ports: Ports, pid: number): Promise<boolean> {
  const read = (file: string): Promise<string> =>
    ports.files.readText(at(ports, `/proc/${pid}/${file}`)).catch(() => '');
  const comm = (await read('comm')).trim();
  const program = (await read('cmdline')).split('\0', 1)[0] ?? '';
  return [comm, program.slice(program.lastIndexOf('/') + 1)].some((name) => name === 'node' || name === 'exhibit');
}
