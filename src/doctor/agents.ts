/** A program that may mount or ask a disk as soon as it is plugged in. */
export interface Agent {
  readonly name: string;
  /** Names of its processes, cut to 15 bytes as the kernel does. */
  readonly processes: readonly string[];
  /** What it does to a new disk; after "it". */
  readonly does: string;
  /** How to keep it off. */
  readonly stop: string;
}

/** From their manuals. A desktop's own settings are not looked at: whether it mounts is said as "may". */
export const AGENTS: readonly Agent[] = [
  {
    name: 'udisks2',
    processes: ['udisksd'],
    does: 'asks every new disk what is on it, its health every few minutes, and mounts it for whoever is at the screen and asks',
    stop: 'sudo systemctl mask --now udisks2.service',
  },
  {
    name: 'gvfs',
    // gvfs-udisks2-volume-monitor
    processes: ['gvfs-udisks2-vo'],
    does: 'shows new disks to the desktop, which may mount them at once',
    stop: 'systemctl --user mask --now gvfs-udisks2-volume-monitor.service',
  },
  {
    name: 'GNOME',
    processes: ['gnome-shell'],
    does: 'may mount and open what is plugged in',
    stop: 'gsettings set org.gnome.desktop.media-handling automount false; the same for automount-open',
  },
  {
    name: 'Cinnamon',
    processes: ['csd-automount', 'cinnamon'],
    does: 'may mount and open what is plugged in',
    stop: 'gsettings set org.cinnamon.desktop.media-handling automount false; the same for automount-open',
  },
  {
    name: 'MATE',
    processes: ['caja'],
    does: 'may mount and open what is plugged in',
    stop: 'gsettings set org.mate.media-handling automount false; the same for automount-open',
  },
  {
    name: 'Thunar',
    processes: ['Thunar', 'thunar', 'thunar-volman'],
    does: 'may mount what is plugged in (thunar-volman)',
    stop: 'Switch it off under Removable Drives and Media in the settings, or uninstall thunar-volman',
  },
  {
    name: 'PCManFM',
    processes: ['pcmanfm', 'pcmanfm-qt'],
    does: 'may mount what is plugged in',
    stop: 'Switch it off under Volume Management in its preferences',
  },
  {
    name: 'KDE',
    processes: ['kded5', 'kded6'],
    does: 'may mount what is plugged in (its device automounter)',
    stop: 'Switch it off under Removable Storage, Removable Devices in the system settings',
  },
  {
    name: 'udiskie',
    processes: ['udiskie'],
    does: 'mounts every new disk',
    stop: 'End it, or start it with --no-automount',
  },
  {
    name: 'devmon',
    processes: ['devmon'],
    does: 'mounts every new disk (udevil)',
    stop: 'sudo systemctl mask --now devmon@USER.service, or end it',
  },
  {
    name: 'autofs',
    processes: ['automount'],
    does: 'mounts disks that its maps name when somebody looks at the place',
    stop: 'sudo systemctl mask --now autofs.service',
  },
  {
    name: 'multipathd',
    processes: ['multipathd'],
    does: 'takes disks that it calls paths for itself, and puts a mapper device over them',
    stop: 'sudo systemctl mask --now multipathd.service multipathd.socket',
  },
  {
    name: 'zed',
    processes: ['zed'],
    does: 'may bring a disk back into a ZFS pool that knows it',
    stop: 'sudo systemctl mask --now zfs-zed.service',
  },
  {
    name: 'smartd',
    processes: ['smartd'],
    does: 'asks the disks of its list for their health, and starts their self-tests when told to; it does not look for new ones',
    stop: 'sudo systemctl mask --now smartmontools.service smartd.service',
  },
  {
    name: 'fwupd',
    processes: ['fwupd'],
    does: 'asks new disks and bridges for their firmware, and updates it when somebody agrees',
    stop: 'sudo systemctl mask --now fwupd.service',
  },
];

/** Rules of udev that put the pieces on a new disk together, or mount it, without any program that runs all the time. */
export interface Assembler {
  readonly name: string;
  readonly files: readonly string[];
  readonly does: string;
  readonly stop: string;
  /** A property that hardware/udev sets; rules that ask for it leave the disk alone. Null: there is none. */
  readonly heeds: string | null;
}

/** Read in the rules of Debian 12: lvm2 2.03.16, mdadm 4.2, bcache-tools 1.0.8, multipath-tools 0.9.4. */
export const ASSEMBLERS: readonly Assembler[] = [
  {
    name: 'LVM rules',
    files: ['69-lvm.rules', '69-dm-lvm.rules', '69-dm-lvm-metad.rules'],
    does: 'activate a volume group as soon as all of its disks are there',
    stop: 'event_activation = 0 in /etc/lvm/lvm.conf',
    heeds: 'DM_UDEV_DISABLE_OTHER_RULES_FLAG',
  },
  {
    name: 'md rules',
    files: ['64-md-raid-assembly.rules', '65-md-incremental.rules'],
    does: 'assemble a RAID array from its disks, and may start it',
    stop: 'AUTO -all in /etc/mdadm/mdadm.conf',
    heeds: 'SYSTEMD_READY',
  },
  {
    name: 'bcache rules',
    files: ['69-bcache.rules'],
    does: 'register a bcache disk with the kernel, which may write to it',
    stop: 'sudo ln -s /dev/null /etc/udev/rules.d/69-bcache.rules',
    heeds: 'DM_UDEV_DISABLE_OTHER_RULES_FLAG',
  },
  {
    name: 'multipath rules',
    files: ['60-multipath.rules', '62-multipath.rules', '56-multipath.rules'],
    does: 'may hand a disk to multipathd',
    stop: "nompath on the kernel's command line",
    heeds: null,
  },
  {
    name: 'usbmount rules',
    files: ['90-usbmount.rules', 'usbmount.rules'],
    does: 'mount every USB disk',
    stop: 'Uninstall usbmount',
    heeds: null,
  },
];
