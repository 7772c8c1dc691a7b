/** A stored folder checked, against what people check an image with. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquireOptions } from './acquire.ts';
import { contest, type Contest } from './contest.ts';
import { writeRandom } from './data.ts';
import { measure } from './measure.ts';
import type { Options } from './options.ts';
import { onPath } from './station.ts';

export const VERIFY = 'exhibit verify';
export const HASHDEEP = 'hashdeep -a';

export async function measureVerify(folder: string, exhibit: string, options: Options): Promise<Contest> {
  const place = join(folder, 'verify');
  mkdirSync(place);
  try {
    const { mebibytes, rounds } = options;
    const source = join(place, 'source');
    writeRandom(source, mebibytes);
    await measure(`${exhibit} ${acquireOptions(source, place)}`);
    rmSync(source);
    const evidence = join(place, 'bench', 'out');
    const image = join(evidence, 'out.dd');
    const [known, sums] = [join(place, 'known'), join(place, 'sums')];
    await measure(`sha256sum ${image} >${sums}`);
    if (onPath('hashdeep')) await measure(`hashdeep -c md5,sha256 ${image} >${known}`);
    const contestants = [
      // Unsigned: 4, nothing contradicts.
      { name: VERIFY, needs: null, command: `${exhibit} verify ${evidence} || test $? = 4` },
      { name: HASHDEEP, needs: 'hashdeep', command: `hashdeep -c md5,sha256 -a -k ${known} ${image}` },
      { name: 'sha256sum -c', needs: 'sha256sum', command: `sha256sum -c ${sums}` },
    ];
    return await contest('verify', contestants, { mebibytes, rounds }, () => undefined);
  } finally {
    rmSync(place, { recursive: true });
  }
}
