import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test, { describe } from 'node:test';
import { manifestOf } from '../support/exhibit.ts';
import { begin, judgeSent, MIB, offered, PLAIN, sentScene, sha256 } from './acquire-support.ts';
import { MACHINES } from './machines.ts';
import { onlyPrograms, runLine } from './support.ts';

const SIZE = 2 * MIB + 512;

describe('each printed command, by the program that it is for alone, to a signed manifest', () => {
  for (const [name, machine] of Object.entries(MACHINES))
    for (const tells of name === 'Python' ? [true] : [true, false])
      test(`${name}${tells ? ', telling its end' : ''}`, async (t) => {
        const missing = Object.values(machine).find((program) => !existsSync(program));
        if (missing !== undefined) {
          t.skip(`needs ${missing}`);
          return;
        }
        const tls = name.startsWith('OpenSSL');
        const here = sentScene(t, SIZE, tls ? [] : PLAIN);
        const job = begin(t, here.argv);
        const { commands } = await offered(job);
        const command = commands.find((each) => each.name === name && each.tells === tells);
        const ran = await runLine(command?.line ?? 'none', onlyPrograms(t, machine), '/bin/sh');
        const ended = await job.ended;
        assert.equal(ended.code, 0, ended.stderr + ran.stderr);
        await judgeSent(here);
        const { received } = manifestOf(here.desk.evidence()).source;
        assert.deepEqual([received?.encrypted, received?.certificate_check], [tls, tls ? 'not-known' : 'none']);
        assert.deepEqual([received?.refused.count, received?.streams.length], [0, 1]);
        const [stream] = received?.streams ?? [];
        assert.deepEqual([stream?.tells, stream?.hash], [tells, tells ? 'confirmed' : 'not-promised']);
        assert.equal(stream?.ended?.received, SIZE);
        assert.deepEqual(stream.ended.told, tells ? { exit: 0, sha256: sha256(here.bytes), bytes: SIZE } : null);
        // What does not close by itself is ended by us, and that is on record.
        assert.match(stream.ended.end, /^(complete|left-open)$/);
      });
});
