import { mkdirSync, readdirSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { disksBelow, noDisk, theDisk, type BenchDisk } from './disks.ts';
import { mediumOf } from './medium.ts';

/** A USB mass storage device, as it describes itself. */
export interface UsbSpec {
  /** Four hex digits each. */
  readonly vendorId: string;
  readonly productId: string;
  readonly manufacturer?: string;
  readonly product?: string;
  /** Of the descriptor; a bridge's own, or passed on from the disk behind it. Absent: none. */
  readonly serial?: string;
  /** Vendor (8 letters at most), product (16) and revision (4) that INQUIRY answers. */
  readonly inquiry: readonly [vendor: string, product: string, revision: string];
  /** The device declares itself write-protected, and fails writes. */
  readonly readOnly: boolean;
  /** Its medium may be taken out. */
  readonly removable?: boolean;
  /** `high-speed` is USB 2: 480 Mbit/s. */
  readonly speed?: 'high-speed' | 'super-speed';
  /** Size of its medium, 16 at most. */
  readonly mebibytes: number;
}

const GADGETS = '/sys/kernel/config/usb_gadget';
const MEDIA = '/run/tmp';
let made = 0;

/** Sockets that nothing is plugged into. Each is a host controller of its own, as dummy_hcd makes them. */
function freeSocket(): number {
  const taken = readdirSync(GADGETS).map((name) => Number(name.split('-')[1]));
  const socket = readdirSync('/sys/class/udc')
    .map((name) => Number(name.split('.')[1]))
    .sort((a, b) => a - b)
    .find((number) => !taken.includes(number));
  if (socket === undefined) throw new Error('all sockets are taken: num= of dummy_hcd in test/bench/host/modules.ts');
  return socket;
}

/** A disk behind a real USB link of the machine's kernel: a gadget (configfs) on an emulated host controller. */
export class UsbDisk {
  readonly #socket: number;
  readonly #gadget: string;
  readonly #what: string;
  #disk: BenchDisk | null = null;
  #removed = false;
  /** The file that is its medium: what was really written to it. */
  readonly medium: string;

  private constructor(spec: UsbSpec, socket: number) {
    this.#socket = socket;
    this.#what = `USB ${spec.vendorId}:${spec.productId} at socket ${socket}`;
    this.#gadget = join(GADGETS, `disk-${socket}`);
    this.medium = join(MEDIA, `medium-${(made += 1)}.img`);
    writeFileSync(this.medium, mediumOf(spec.mebibytes));
    this.#describe(spec);
  }

  /** Plugs it in, and waits until the kernel has a disk of it. */
  static async plugIn(spec: UsbSpec, socket = freeSocket()): Promise<UsbDisk> {
    const usb = new UsbDisk(spec, socket);
    await usb.plug();
    return usb;
  }

  /** The disk as it is called now: it may have another name after every {@link plug}. */
  get disk(): BenchDisk {
    if (this.#disk === null) throw new Error(`${this.#what} is not plugged in`);
    return this.#disk;
  }

  get node(): string {
    return this.disk.node;
  }

  get socket(): number {
    return this.#socket;
  }

  async plug(): Promise<BenchDisk> {
    writeFileSync(join(this.#gadget, 'UDC'), `dummy_udc.${this.#socket}`);
    this.#disk = await theDisk(this.#what, () => this.#find());
    return this.#disk;
  }

  /** Pulls the cable, and waits until the kernel has noticed. */
  async pull(): Promise<void> {
    writeFileSync(join(this.#gadget, 'UDC'), '\n');
    await noDisk(this.#what, () => this.#find());
    this.#disk = null;
  }

  /** Another medium in the same device (`removable`), write-protected or not. The kernel notices when it is asked next. */
  insert(mebibytes: number, readOnly: boolean): void {
    const lun = join(this.#gadget, 'functions/mass_storage.0/lun.0');
    // Also while somebody has it open, when the kernel has locked the door.
    writeFileSync(join(lun, 'forced_eject'), '1');
    writeFileSync(this.medium, mediumOf(mebibytes));
    writeFileSync(join(lun, 'ro'), readOnly ? '1' : '0');
    writeFileSync(join(lun, 'file'), this.medium);
  }

  /** Takes it away for good. The socket is free again. */
  async remove(): Promise<void> {
    if (this.#removed) return;
    this.#removed = true;
    if (this.#disk !== null) await this.pull();
    this.#forget();
    unlinkSync(this.medium);
  }

  /** Takes the disk out, and puts it behind another bridge in the same socket, with what was written to it. */
  async moveBehind(spec: UsbSpec): Promise<BenchDisk> {
    if (this.#disk !== null) await this.pull();
    this.#forget();
    this.#describe(spec);
    return this.plug();
  }

  #forget(): void {
    unlinkSync(join(this.#gadget, 'configs/c.1/mass_storage.0'));
    for (const folder of ['configs/c.1', 'functions/mass_storage.0', 'strings/0x409', '.'])
      rmdirSync(join(this.#gadget, folder));
  }

  #find(): BenchDisk[] {
    return disksBelow(`/sys/devices/platform/dummy_hcd.${this.#socket}`);
  }

  /** https://docs.kernel.org/usb/gadget_configfs.html, Documentation/ABI/testing/configfs-usb-gadget-mass-storage. */
  #describe(spec: UsbSpec): void {
    const [vendor, product, revision] = spec.inquiry;
    const attributes = {
      idVendor: `0x${spec.vendorId}`,
      idProduct: `0x${spec.productId}`,
      bcdDevice: '0x0100',
      max_speed: spec.speed ?? 'super-speed',
      'strings/0x409/manufacturer': spec.manufacturer,
      'strings/0x409/product': spec.product,
      'strings/0x409/serialnumber': spec.serial,
      'functions/mass_storage.0/lun.0/inquiry_string': vendor.padEnd(8) + product.padEnd(16) + revision.padEnd(4),
      'functions/mass_storage.0/lun.0/ro': spec.readOnly ? '1' : '0',
      'functions/mass_storage.0/lun.0/removable': spec.removable === true ? '1' : '0',
      'functions/mass_storage.0/lun.0/file': this.medium,
    };
    mkdirSync(this.#gadget);
    for (const folder of ['strings/0x409', 'configs/c.1', 'functions/mass_storage.0'])
      mkdirSync(join(this.#gadget, folder));
    for (const [name, value] of Object.entries(attributes))
      if (value !== undefined) writeFileSync(join(this.#gadget, name), value);
    symlinkSync(join(this.#gadget, 'functions/mass_storage.0'), join(this.#gadget, 'configs/c.1/mass_storage.0'));
  }
}
