/** A disk of another machine over SSH, both ends on this one: against what people pipe today, and over a long way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseSshAddress } from '../src/remote/address.ts';
import { connectRemote } from '../src/remote/connect.ts';
import { ModeChooser } from '../src/remote/mode-chooser.ts';
import { probeRemote } from '../src/remote/probe.ts';
import { RateLimit, rangesFor } from '../src/remote/rate-limit.ts';
import { remoteReader } from '../src/remote/in-order-reader.ts';
import type { ChannelOrder } from '../src/remote/reader-channel.ts';
import { connectSsh2 } from '../src/system/ssh2-link.ts';
import { Unpacker } from '../src/remote/unpack.ts';
import { systemClock } from '../src/system/clock.ts';
import { orderFor } from '../test/remote/connected.ts';
import { foundAt, proofs } from '../test/remote/ranges-support.ts';
import { testPorts } from '../test/support/ports.ts';
import { startSshd, type Sshd } from '../test/support/sshd.ts';
import {
  figures,
  hashedBeside,
  IMAGE,
  MIB,
  OUT,
  readAlone,
  receive,
  secondsSince,
  shownAsDisk,
  undoing,
  type RemoteFigures,
} from './elsewhere.ts';
import { holdingMemory } from './held-memory.ts';
import { inTurn, type Entrant } from './rounds.ts';
import { undone } from './undo.ts';

const CIPHER = 'aes128-gcm@openssh.com';
const FAR_MS = 50;
/** Some seconds of each: what it takes to begin is a part of it, and no more than that. */
const FAR_MEBIBYTES = 512;

export const SSH = 'exhibit';
export const SSH_CAT = 'ssh dd | cat';
export const SSH_TEE = 'ssh dd | tee, md5sum, sha256sum';
export const SSH_TRANSPORT = 'transport alone';
/** What a transport that writes nothing is also held against. */
const SSH_DISCARDED = 'ssh dd, discarded';
export const FAR_ONE = `${FAR_MS} ms away: one stream`;
export const farBy = (channels: number): string => `${FAR_MS} ms away: ${channels} channels`;

/** @param folder holds `source`, which is shown as a loop device, and takes what is written */
export async function measureSsh(folder: string, source: string, mebibytes: number, exhibit: string, rounds: number) {
  const { t, undo } = undoing();
  const { node, remove } = shownAsDisk(source);
  try {
    // In a folder that goes with the benchmark, whenever it ends; so does the server, by itself.
    const sshd = await startSshd(t, { parent: folder });
    const near = await measureNear(folder, node, mebibytes, exhibit, rounds, sshd);
    return [...near, ...(await measureFar(t, node, Math.min(mebibytes, FAR_MEBIBYTES), rounds, sshd))];
  } finally {
    await undo();
    remove();
  }
}

async function measureNear(
  folder: string,
  node: string,
  mebibytes: number,
  exhibit: string,
  rounds: number,
  sshd: Sshd,
): Promise<RemoteFigures[]> {
  const out = join(folder, OUT);
  const known = join(folder, 'known_hosts');
  writeFileSync(known, `${sshd.knownLine}\n`);
  const ssh = `ssh -F none -i ${sshd.identity} -o UserKnownHostsFile=${known} -c ${CIPHER} -p ${sshd.port} root@127.0.0.1 dd if=${node} bs=1M status=none`;
  const tee = hashedBeside(out);
  const entrant = (name: string, received: string | null, command: string): Entrant => ({
    name,
    run: () => receive(command, { folder, mebibytes, received }),
  });
  const entrants: Entrant[] = [
    entrant(
      SSH,
      IMAGE,
      `${exhibit} acquire ssh://${sshd.place}${node} --identity ${sshd.identity} --host-key ${sshd.fingerprint} --compress none --authority bench --to ${folder} --case bench --evidence out --examiner bench --unsigned --no-read-back --yes`,
    ),
    entrant(SSH_CAT, OUT, `${ssh} | cat >${out}`),
    entrant(SSH_TEE, OUT, `${tee.before}; ${ssh} | ${tee.to} && ${tee.after}`),
    entrant(SSH_DISCARDED, null, `${ssh} >/dev/null`),
    { name: SSH_TRANSPORT, run: async () => (await transport(sshd, sshd.port, node, mebibytes, 2)).connecting },
  ];
  const seconds = await holdingMemory(folder, mebibytes, () => inTurn('over SSH', entrants, rounds));
  return figures(seconds, mebibytes, { [SSH]: [SSH_CAT, SSH_TEE], [SSH_TRANSPORT]: [SSH_CAT, SSH_DISCARDED] });
}

/** In a process of its own: whoever reads does not carry the bytes, too. */
async function slowLink(t: TestContext, port: number, delayMs: number): Promise<{ port: number }> {
  const program = join(import.meta.dirname, 'slow-link-child.js');
  const child = spawn(process.execPath, [program, String(port), String(delayMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(
    undone(() => {
      child.kill();
    }),
  );
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line.toString()) };
}

async function measureFar(t: TestContext, node: string, mebibytes: number, rounds: number, sshd: Sshd) {
  const link = await slowLink(t, sshd.port, FAR_MS / 2);
  const entrants: Entrant[] = [
    { name: FAR_ONE, run: () => stream(sshd, link.port, node, mebibytes) },
    ...[4, 8].map((channels) => ({
      name: farBy(channels),
      run: async () => (await transport(sshd, link.port, node, mebibytes, channels)).connected,
    })),
  ];
  const seconds = await inTurn(`${FAR_MS} ms away`, entrants, rounds);
  return figures(seconds, mebibytes, { [farBy(4)]: [FAR_ONE], [farBy(8)]: [FAR_ONE] });
}

const addressOf = (port: number) => parseSshAddress(`ssh://root@127.0.0.1:${port}`);

/**
 * So much of the disk through our own transport, checked, into a ring that nobody does anything with. Seconds: from before it
 * connects and asks what is there, as whoever starts ssh waits for that, too; and from there on, as {@link stream} is timed.
 */
async function transport(sshd: Sshd, port: number, node: string, mebibytes: number, connections: number) {
  const began = performance.now();
  const shell = await connectRemote(
    testPorts(),
    orderFor(sshd, 'ssh2', { address: addressOf(port), hostKey: sshd.fingerprint }),
  );
  try {
    const facts = await probeRemote(shell, systemClock);
    const program = facts.python.known && facts.python.value ? 'python3' : 'dd';
    const channel: ChannelOrder = {
      shell,
      expected: foundAt(node),
      facts,
      clock: systemClock,
      path: node,
      dd: { byBytes: true, direct: true },
      hash: facts.hashTools[0] ?? null,
      program,
      modes: ['none'],
      limit: new RateLimit(systemClock, null),
      unpacker: new Unpacker(testPorts().commands),
    };
    const modes = new ModeChooser(['none'], connections);
    const reader = remoteReader({ channel, proof: proofs(), connections, modes, ...rangesFor(program, null) });
    const connected = performance.now();
    await readAlone(reader, mebibytes);
    return { connecting: secondsSince(began), connected: secondsSince(connected) };
  } finally {
    await shell.close();
  }
}

/** Seconds for so much of the disk through one channel of ssh2, as one dd gives it, unchecked. */
async function stream(sshd: Sshd, port: number, node: string, mebibytes: number): Promise<number> {
  const shell = await connectRemote(
    testPorts({ connectSsh: connectSsh2 }),
    orderFor(sshd, 'ssh2', { address: addressOf(port), hostKey: sshd.fingerprint }),
  );
  try {
    const since = performance.now();
    const channel = await shell.open(['dd', `if=${node}`, 'bs=1M', `count=${mebibytes}`]);
    let bytes = 0;
    channel.stderr.resume();
    channel.stdout.on('data', (part: Buffer) => (bytes += part.length));
    await channel.done;
    if (bytes !== mebibytes * MIB) throw new Error(`${bytes} bytes came`);
    return secondsSince(since);
  } finally {
    await shell.close();
  }
}
