import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { hardwareLearnCommand, type ChainOf, type LearnOptions } from '../../src/cli/commands/hardware-learn.ts';
import { Output } from '../../src/cli/output.ts';
import type { ChainLink, DiskChain } from '../../src/model/chain.ts';
import { known, type Fact } from '../../src/model/device.ts';
import type { Ports } from '../../src/system/ports.ts';
import { madeUpStation } from '../discover/made-up-station.ts';
import { envHere } from '../support/in-process.ts';
import { TestClock } from '../support/ports.ts';
import { packageRoot } from '../support/root.ts';
import { tempFolder } from '../support/temp.ts';

const DISK = '/sys/devices/pci0000:00/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdx';

export function link(role: ChainLink['role'], name: string, usb: ChainLink['usb'] = null): ChainLink {
  return { role, name, sysfs: `/sys/devices/${name}`, driver: null, usb, pci: null, inquiry: null };
}

/** A disk behind one USB bridge. */
export function behind(id: string | null, serial: string | null): Fact<DiskChain> {
  const [vendorId = '', productId = ''] = (id ?? '').split(':');
  const usb =
    id === null
      ? null
      : { vendorId, productId, manufacturer: null, product: null, serial, revision: null, speed: 480, transport: null };
  return known({
    bus: 'usb',
    links: [link('controller', '0000:00:14.0'), link('bridge', '2-1', usb), link('disk', 'sdx')],
  });
}

export const T8 = behind('13d7:000c', '000ECC550035F055');

export interface Lab {
  readonly ports: Ports;
  readonly home: string;
  /** The default place of the lab's file. */
  readonly file: string;
  learn(chain: Fact<DiskChain>, options?: Partial<LearnOptions>, device?: string): Promise<Ran>;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A station with one disk, /dev/sdx, also by a link; its clock stands at 2026-03-01. */
export function labOf(t: TestContext, change: Partial<Ports['host']> = {}, commands?: Ports['commands']): Lab {
  const home = tempFolder(t);
  const station = madeUpStation(t, {
    files: { [`${DISK}/dev`]: '8:112\n', [`${DISK}/size`]: '2048\n', [`${DISK}/ro`]: '1\n', '/dev/sdx.img': '' },
    links: { '/sys/block/sdx': DISK, '/sys/dev/block/8:112': DISK, '/dev/disk/by-id/usb-disk': '/dev/sdx' },
    nodes: { '/dev/sdx': '8:112' },
  });
  const ports: Ports = {
    ...station,
    ...(commands === undefined ? {} : { commands }),
    clock: new TestClock(),
    host: { ...station.host, packageRoot, env: { HOME: home }, ...change },
  };
  const learn: Lab['learn'] = async (chain, options = {}, device = '/dev/sdx') => {
    const { env, said } = envHere(ports);
    const chainOf: ChainOf = () => Promise.resolve(chain);
    const told: LearnOptions = { make: 'Tableau', model: 'T8-R2', by: 'Ada Byron', ...options };
    const code = await hardwareLearnCommand(env, device, told, chainOf).catch((error: unknown) =>
      new Output(env, told.json === true).failure(error),
    );
    return { code, ...said };
  };
  return { ports, home, file: join(home, '.config/exhibit/hardware.yaml'), learn };
}
