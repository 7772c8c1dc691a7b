/** A disk that another machine sends through netcat, both ends on this one: against what people pipe today. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { variantsOf, type Invitation } from '../src/listen/command.ts';
import { Door } from '../src/listen/door.ts';
import { listenReader, USUAL_LIMITS } from '../src/listen/reader.ts';
import { systemClock } from '../src/system/clock.ts';
import { openListener } from '../src/system/listener.ts';
import {
  figures,
  hashedBeside,
  IMAGE,
  OUT,
  readAlone,
  receive,
  secondsSince,
  shownAsDisk,
  type RemoteFigures,
} from './elsewhere.ts';
import { holdingMemory } from './held-memory.ts';
import { inTurn, type Entrant } from './rounds.ts';

export const LISTEN = 'exhibit listen';
export const NC_CAT = 'nc dd | cat';
export const NC_TEE = 'nc dd | tee, md5sum, sha256sum';
export const NC_TRANSPORT = 'netcat transport alone';
/** What a transport that writes nothing is also held against. */
const NC_DISCARDED = 'nc dd, discarded';

/** Whether this station's netcat ends with what it is given: `-N`, as OpenBSD's has it. */
export function netcatEnds(): boolean {
  const { stdout, stderr } = spawnSync('nc', ['-h'], { encoding: 'utf8' });
  return /^\s+-N\s/m.test(`${stdout}\n${stderr}`);
}

/** @param folder holds `source`, which is shown as a loop device, and takes what is written */
export async function measureNetcat(
  folder: string,
  source: string,
  mebibytes: number,
  exhibit: string,
  rounds: number,
): Promise<RemoteFigures[]> {
  const { node, remove } = shownAsDisk(source);
  try {
    const entrants: Entrant[] = Object.entries(COMMANDS).map(([name, { command, received }]) => ({
      name,
      run: async () => {
        const port = await freePort();
        return receive(command({ folder, node, mebibytes, exhibit, port }), { folder, mebibytes, received });
      },
    }));
    entrants.push({ name: NC_TRANSPORT, run: () => transport(node, mebibytes) });
    const seconds = await holdingMemory(folder, mebibytes, () => inTurn('through netcat', entrants, rounds));
    return figures(seconds, mebibytes, { [LISTEN]: [NC_CAT, NC_TEE], [NC_TRANSPORT]: [NC_CAT, NC_DISCARDED] });
  } finally {
    remove();
  }
}

interface Where {
  readonly folder: string;
  readonly node: string;
  readonly mebibytes: number;
  readonly exhibit: string;
  readonly port: number;
}

const COMMANDS: Readonly<Record<string, { received: string | null; command: (where: Where) => string }>> = {
  [LISTEN]: { received: IMAGE, command: listen },
  [NC_CAT]: { received: OUT, command: (where) => pipe(where, `cat >${join(where.folder, OUT)}`) },
  [NC_TEE]: {
    received: OUT,
    command: (where) => {
      const { before, to, after } = hashedBeside(join(where.folder, OUT));
      return `${before}; ${pipe(where, to)} && ${after}`;
    },
  },
  [NC_DISCARDED]: { received: null, command: (where) => pipe(where, 'cat >/dev/null') },
};

/** ss would be another tool to need: a refused connection is tried again, for as long as somebody may listen. */
function pipe({ node, port }: Where, to: string): string {
  const sent = `dd if=${node} bs=1M status=none | nc -N 127.0.0.1 ${port}`;
  return `nc -l 127.0.0.1 ${port} | ${to} & job=$!; ${untilGone(`${sent} 2>/dev/null`)}; wait $job`;
}

/** Tries again until it succeeds; nobody waits for a job that has ended. */
export function untilGone(attempt: string): string {
  return `until ${attempt} || ! kill -0 $job 2>/dev/null; do sleep 0.02; done`;
}

/** As an operator does it: what is shown first is run. */
function listen({ folder, node, mebibytes, exhibit, port }: Where): string {
  const said = join(folder, 'said');
  const first = join(folder, 'first.mjs');
  writeFileSync(
    first,
    `import { readFileSync } from 'node:fs';
const line = readFileSync(${JSON.stringify(said)}, 'utf8').split('\\n').find((each) => each.includes('"invitation"'));
process.stdout.write(JSON.parse(line).commands[0].line);`,
  );
  const invited = `grep -qs '"invitation".*}$' ${said}`;
  const acquire = `${exhibit} acquire listen://127.0.0.1:${port}${node} --expect-size ${mebibytes}M --allow-plaintext bench --authority bench --to ${folder} --case bench --evidence out --examiner bench --unsigned --no-read-back --yes --json`;
  return `${acquire} >${said} & job=$!; ${untilGone(invited)}; sh -c "$(${process.execPath} ${first})" >/dev/null 2>&1; wait $job`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Seconds for so much of the disk through our own listener, from before it listens, into a ring that nobody does anything with. */
async function transport(node: string, mebibytes: number): Promise<number> {
  const since = performance.now();
  const door = await Door.open({
    open: openListener,
    address: { host: '127.0.0.1', port: 0, path: null },
    identity: null,
    allowed: [],
    clock: systemClock,
    lineMs: 3000,
    refused: () => undefined,
  });
  const reader = listenReader({
    door,
    disk: node,
    reachedBy: null,
    tls: null,
    limits: USUAL_LIMITS,
    invite: (invitation) => {
      sendBy(invitation);
      return Promise.resolve();
    },
    admitted: () => Promise.resolve(),
    received: () => Promise.resolve(),
  });
  try {
    await readAlone(reader, mebibytes);
    return secondsSince(since);
  } finally {
    await door.close();
  }
}

/** By the command that tells nothing: the hash is no part of the transport. */
function sendBy(invitation: Invitation): void {
  const line = variantsOf(invitation).find(({ tells }) => !tells)?.line ?? '';
  spawn('sh', ['-c', line], { stdio: 'ignore' });
}
