import { watchSignals } from '../../src/system/signals.ts';

// A process of its own, to be sent signals: tells what it hears, and ends only by a signal or after `release`.
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const alive = setInterval(() => undefined, 1000);
const signals = watchSignals(() => {
  say('hangup');
});
signals.stop.addEventListener('abort', () => {
  say(`stop ${String(signals.stop.reason)}`);
  if (process.argv[2] === 'tidy') {
    signals.release();
    clearInterval(alive);
    process.exitCode = 42;
  }
});
if (process.argv[2] === 'released') signals.release();
say('ready');
