/** A link to a port of this station on which every byte takes its time, each way: `PORT MILLISECONDS`; prints its own port. */
import type { TestContext } from 'node:test';
import { startLink } from '../test/support/link.ts';

const [target, delay] = process.argv.slice(2).map(Number);
const link = await startLink({ after: () => undefined } as unknown as TestContext, target ?? 0);
link.delayMs = delay ?? 0;
process.stdout.write(`${link.port}\n`);
// Whoever started it ends it, by whatever way.
process.stdin.resume().on('end', () => process.exit());
