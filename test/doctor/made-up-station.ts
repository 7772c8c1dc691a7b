import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Ports } from '../../src/system/ports.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

/** Path → content; `-> target`: a link. */
export type Tree = Readonly<Record<string, string>>;

export const FIRST_NAMESPACE = { '/proc/self/ns/pid': '-> pid:[4026531836]' };
export const INIT = { '/proc/1/comm': 'systemd\n' };

/** A station that has these files and no others. */
export function stationOf(t: TestContext, ...trees: readonly Tree[]): Ports {
  const root = tempFolder(t);
  for (const [path, content] of Object.entries(Object.assign({}, ...trees) as Tree)) {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), place);
    else writeFileSync(place, content, { mode: 0o755 });
  }
  return testPorts({ root });
}
