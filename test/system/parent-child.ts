import { systemCommands } from '../../src/system/run-command.ts';

// A process of its own, to be killed by the test: starts one child and waits for it.
const commands = systemCommands();
switch (process.argv[2] ?? 'blocked') {
  case 'stream':
    commands.stream(['sleep', '60']).stdout.resume();
    break;
  case 'bulk':
    await (await commands.streamBulk(['sleep', '60'])).next();
    break;
  case 'run':
    await commands.run(['sleep', '60']);
    break;
  default:
    // Its output is never read: dd sits in a write that can't go on.
    commands.stream(['dd', 'if=/dev/zero', 'bs=1M', 'status=none']).stdout.pause();
    await new Promise((resolve) => setTimeout(resolve, 60_000));
}
