/** A disk that another machine sends through netcat, both ends on this one: against what people pipe today. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { variantsOf, type Invitation } from '../src/listen/command.ts';
import { Door } from '../src/listen/door.ts';
import { listenReader, USUAL_LIMITS } from '../src/listen/reader.ts';
import { systemClock } from '../src/system/clock.ts';
import { openListener } from '../src/system/listener.ts';
import { figures, hashedBeside, readAlone, removeReceived, shownAsDisk, type RemoteFigures } from './elsewhere.ts';
import { holdingMemory } from './held-memory.ts';
import { measure } from './measure.ts';
import { inTurn, type Entrant } from './rounds.ts';

export const LISTEN = 'exhibit listen';
export const NC_CAT = 'nc dd | cat';
export const NC_TEE = 'nc dd | tee, md5sum, sha256sum';
export const NC_TRANSPORT = 'netcat transport alone';

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
    const entrants: Entrant[] = Object.entries(COMMANDS).map(([name, command]) => ({
      name,
      run: async () => {
        const port = await freePort();
        const { seconds } = await measure(command({ folder, node, mebibytes, exhibit, port }));
        removeReceived(folder);
        return seconds;
      },
    }));
    entrants.push({ name: NC_TRANSPORT, run: () => transport(node, mebibytes) });
    const seconds = await holdingMemory(folder, mebibytes, () => inTurn('through netcat', entrants, rounds));
    return figures(seconds, mebibytes, { [LISTEN]: [NC_CAT, NC_TEE], [NC_TRANSPORT]: [NC_CAT] });
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

const COMMANDS: Readonly<Record<string, (where: Where) => string>> = {
  [LISTEN]: listen,
  [NC_CAT]: ({ folder, node, port }) =>
    `nc -l 127.0.0.1 ${port} | cat >${join(folder, 'out')} & job=$!; ${send(node, port)}; wait $job`,
  [NC_TEE]: ({ folder, node, port }) => {
    const { before, to, after } = hashedBeside(join(folder, 'out'));
    return `${before}; nc -l 127.0.0.1 ${port} | ${to} & job=$!; ${send(node, port)}; wait $job && ${after}`;
  },
};

/** ss would be another tool to need: a refused connection is tried again. */
function send(node: string, port: number): string {
  const sent = `dd if=${node} bs=1M status=none | nc -N 127.0.0.1 ${port}`;
  return `until ${sent} 2>/dev/null; do sleep 0.02; done`;
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
  return `${acquire} >${said} & job=$!; until ${invited}; do sleep 0.02; done; sh -c "$(${process.execPath} ${first})" >/dev/null 2>&1; wait $job`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Seconds for so much of the disk through our own listener, into a ring that nobody does anything with. */
async function transport(node: string, mebibytes: number): Promise<number> {
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
    return await readAlone(reader, mebibytes);
  } finally {
    await door.close();
  }
}

/** By the command that tells nothing: the hash is no part of the transport. */
function sendBy(invitation: Invitation): void {
  const line = variantsOf(invitation).find(({ tells }) => !tells)?.line ?? '';
  spawn('sh', ['-c', line], { stdio: 'ignore' });
}
