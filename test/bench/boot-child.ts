/** Boots the machine of the virtual bench in the folder it is given, says QEMU's process id, and waits. */
import { setTimeout as pause } from 'node:timers/promises';
import { startMachine } from './host/bench-machine.ts';

const machine = startMachine(process.argv[2] ?? '', { scenarios: [], capture: false });
console.log(typeof machine === 'string' ? machine : machine.pid);
await pause(60_000);
