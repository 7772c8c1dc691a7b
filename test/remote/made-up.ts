import { PassThrough } from 'node:stream';
import type { RemoteShell } from '../../src/remote/shell.ts';
import type { RemoteEnd, SshChannel } from '../../src/system/ssh-link.ts';
import { RateLimit } from '../../src/remote/rate-limit.ts';
import type { ChannelOrder } from '../../src/remote/reader-channel.ts';
import type { Clock } from '../../src/system/clock.ts';

/** A program over there as a test makes it up: what it says is the test's, and so is whether it ever ends. */
export interface MadeUp extends SshChannel {
  readonly argv: readonly string[];
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  /** How often it was ended from here: it does not end by that. */
  killed(): number;
  end(how?: RemoteEnd): void;
  /** It begins, as the loop does. */
  greet(said?: Readonly<Record<'boot' | 'node' | 'size', string>>): void;
  /** It carries out an order: gives bytes, and says this. */
  answer(id: number, bytes: Uint8Array, told: readonly string[]): void;
  /** Orders that came. */
  orders(): readonly string[];
}

export const THERE = { boot: 'b', node: '8:0', size: '4096' };

/** A shell whose programs are opened when `may` says so. */
export function madeUpShell(may: () => Promise<void> = () => Promise.resolve()) {
  const opened: MadeUp[] = [];
  const lost = new AbortController();
  const shell = {
    facts: { address: { user: 'root', host: 'box', port: 22 } },
    lost: lost.signal,
    footprint: [],
    noise: null,
    open: async (argv: readonly string[]) => {
      await may();
      const channel = madeUp(argv);
      opened.push(channel);
      return channel;
    },
  } as unknown as RemoteShell;
  return { shell, opened, lost };
}

function madeUp(argv: readonly string[]): MadeUp {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const word = argv.find((each) => each.startsWith('exhibit-')) ?? '';
  let killed = 0;
  let end: (how: RemoteEnd) => void = () => undefined;
  const orders: string[] = [];
  stdin.on('data', (part: Buffer) => {
    orders.push(...part.toString().trim().split('\n'));
  });
  const done = new Promise<RemoteEnd>((resolve) => {
    end = resolve;
  });
  return {
    argv,
    stdin,
    stdout,
    stderr,
    done,
    kill: () => (killed += 1),
    killed: () => killed,
    end: (how = { exit: 137, signal: null }) => {
      end(how);
    },
    greet: (said = THERE) => {
      stdout.write(`\n${word} ready\n`);
      for (const [name, value] of Object.entries(said)) stderr.write(`${word} ${name} ${value}\n`);
      stderr.write(`${word} hello\n`);
    },
    orders: () => orders,
    answer: (id, bytes, told) => {
      stderr.write([`${word} a ${id}`, ...told, `${word} z ${id}`, ''].join('\n'));
      stdout.write(Buffer.concat([bytes, Buffer.from(`\n${word} end ${id}\n`)]));
    },
  };
}

/** What is ordered of a made-up program. */
export function madeUpOrder(shell: RemoteShell, clock: Clock): ChannelOrder {
  return {
    shell,
    clock,
    expected: { bootId: THERE.boot, node: THERE.node, size: Number(THERE.size) },
    facts: { rights: 'root' },
    path: '/dev/sda',
    dd: { byBytes: true, direct: true },
    hash: null,
    program: 'dd',
    modes: ['none'],
    limit: new RateLimit(clock, null),
    unpacker: undefined as never,
  };
}
