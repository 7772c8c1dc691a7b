import { systemFiles } from '../../src/system/files.ts';
import { tryLock } from '../../src/system/lock.ts';
import { systemCommands } from '../../src/system/run-command.ts';

// A process of its own: takes the lock on the file it is given, says what it got, and waits to be killed.
const file = await systemFiles.open(process.argv[2] ?? '', 'append');
process.stdout.write(`${await tryLock(systemCommands(), file.fd)}\n`);
setInterval(() => file, 1000);
