import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempFolder } from './temp.ts';

/** A PATH in which these programs, each the text of a script for sh, come before all others of their names. */
export function pathOf(t: TestContext, programs: Readonly<Record<string, string>>): { PATH: string } {
  const bin = tempFolder(t);
  // Who logs in may be anybody.
  chmodSync(bin, 0o755);
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin` };
}
