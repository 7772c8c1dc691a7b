/** A disk that another machine sends through netcat, both ends on this one: against what people pipe today. */
import { execFileSync, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { variantsOf, type Invitation } from '../src/listen/command.ts';
import { Door } from '../src/listen/door.ts';
import { listenReader, USUAL_LIMITS } from '../src/listen/reader.ts';
import { systemClock } from '../src/system/clock.ts';
import { openListener } from '../src/system/listener.ts';
import { figures, readAlone, type RemoteFigures } from './elsewhere.ts';
import { warmMemory } from './data.ts';
import { measure } from './measure.ts';

const NETCAT = 'nc dd | cat';
const TEE = 'nc dd | tee, md5sum, sha256sum';

/** @param folder holds `source`, which is shown as a loop device, and takes what is written */
export async function measureNetcat(
  folder: string,
  source: string,
  mebibytes: number,
  exhibit: string,
  rounds: number,
): Promise<RemoteFigures[]> {
  const node = execFileSync('losetup', ['--find', '--show', '--read-only', source], { encoding: 'utf8' }).trim();
  try {
    const seconds: Record<string, number[]> = {};
    const add = (name: string, value: number): void => void (seconds[name] ??= []).push(value);
    for (let round = 0; round < rounds; round += 1) {
      const port = await freePort();
      for (const [name, command] of Object.entries(commands(folder, node, mebibytes, exhibit, port))) {
        warmMemory(folder, mebibytes);
        add(name, (await measure(command)).seconds);
        for (const left of ['bench', 'out', 'out.md5', 'out.sha256', 'said'])
          rmSync(join(folder, left), { recursive: true, force: true });
      }
      add('netcat transport alone', await transport(node, mebibytes));
      process.stderr.write(`round ${round + 1}/${rounds}: through netcat\n`);
    }
    return figures(seconds, mebibytes, { 'exhibit listen': [NETCAT, TEE], 'netcat transport alone': [NETCAT] });
  } finally {
    execFileSync('losetup', ['--detach', node]);
  }
}

function commands(folder: string, node: string, mebibytes: number, exhibit: string, port: number) {
  const out = join(folder, 'out');
  const said = join(folder, 'said');
  // As an operator does it: what is shown first is run.
  const first = join(folder, 'first.mjs');
  writeFileSync(
    first,
    `import { readFileSync } from 'node:fs';
const line = readFileSync(${JSON.stringify(said)}, 'utf8').split('\\n').find((each) => each.includes('"invitation"'));
process.stdout.write(JSON.parse(line).commands[0].line);`,
  );
  const wait = (what: string): string => `until ${what}; do sleep 0.02; done`;
  const sent = `dd if=${node} bs=1M status=none | nc -N 127.0.0.1 ${port}`;
  // ss would be another tool to need: a refused connection is tried again.
  const send = `until ${sent} 2>/dev/null; do sleep 0.02; done`;
  const acquire = `${exhibit} acquire listen://127.0.0.1:${port}${node} --expect-size ${mebibytes}M --allow-plaintext bench --authority bench --to ${folder} --case bench --evidence out --examiner bench --unsigned --no-read-back --yes --json`;
  return {
    'exhibit listen': `${acquire} >${said} & job=$!; ${wait(`grep -qs '"invitation".*}$' ${said}`)}; sh -c "$(${process.execPath} ${first})" >/dev/null 2>&1; wait $job`,
    [NETCAT]: `nc -l 127.0.0.1 ${port} | cat >${out} & job=$!; ${send}; wait $job`,
    [TEE]: `nc -l 127.0.0.1 ${port} | tee >(md5sum >${out}.md5) >(sha256sum >${out}.sha256) >${out} & job=$!; ${send}; wait $job`,
  };
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
