import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known } from '../../src/model/device.ts';
import { parseDco, parseHpa } from '../../src/probe/hdparm.ts';
import { capture, said, silence } from './captures.ts';
import { unknownFor } from './unknown-for.ts';

const SATA = { count: 131_072, size: 512 };

describe('HPA and DCO', () => {
  test('an ATA disk without an HPA, and one with', () => {
    assert.deepEqual(
      parseHpa(capture('hpa-sata'), SATA),
      known({ visible: 131_072, native: 131_072, sectorSize: 512 }),
    );
    assert.deepEqual(
      parseHpa(capture('documented-hpa'), { count: 973_450_000, size: 512 }),
      known({ visible: 973_450_000, native: 976_773_168, sectorSize: 512 }),
    );
  });

  test('a DCO, and what it hides together with an HPA', () => {
    const answer = capture('documented-dco');
    for (const count of [5_860_533_168, 5_860_000_000]) {
      assert.deepEqual(
        parseDco(answer, { count, size: 512 }),
        known({ visible: count, native: 5_860_533_168, sectorSize: 512 }),
      );
    }
  });

  test('the lies: hdparm ends with 0, names numbers, and verifies a checksum of zeros', () => {
    for (const name of ['hpa-usb', 'hpa-scsi']) {
      assert.match(capture(name).stdout, /max sectors {3}= 0\/1, HPA is enabled/);
      unknownFor(parseHpa(capture(name), SATA), /refused: SG_IO: bad\/missing sense data/, name);
      // The same, had hdparm said nothing on standard error.
      unknownFor(parseHpa({ ...capture(name), stderr: '' }, SATA), /makes numbers up/, name);
    }
    for (const name of ['dco-sata-refused', 'dco-usb']) {
      assert.match(capture(name).stdout, /DCO Checksum verified/);
      unknownFor(parseDco(capture(name), SATA), /refused/, name);
      unknownFor(parseDco({ ...capture(name), stderr: '' }, SATA), /no known revision/, name);
      const revision = capture(name).stdout.replace('0x0000 -- unknown, treating as 0002', '0x0002');
      unknownFor(
        parseDco({ ...capture(name), stdout: revision, stderr: '' }, SATA),
        /says 1 real sectors.*makes numbers up/,
        name,
      );
    }
  });

  test('other refusals', () => {
    unknownFor(parseHpa(capture('hpa-nvme'), SATA), /does not tell/);
    unknownFor(parseHpa(capture('hpa-loop'), SATA), /does not tell/);
    unknownFor(parseHpa(capture('hpa-no-rights'), SATA), /Permission denied/);
    unknownFor(parseHpa(capture('documented-hpa-invalid'), SATA), /does not tell: max sectors/);
    unknownFor(parseDco(capture('dco-nvme'), SATA), /dco_identify\) failed/);
    unknownFor(parseHpa(silence('hdparm is not installed'), SATA), /not installed/);
    unknownFor(parseDco(silence('hdparm gave no answer in 10 s and was killed'), SATA), /no answer in 10 s/);
    unknownFor(parseHpa({ ...capture('hpa-sata'), exit: 5 }, SATA), /status 5/);
  });

  test('numbers that contradict words, themselves, or the capacity', () => {
    const hpa = (text: string) => parseHpa(said(`\n/dev/sdb:\n max sectors   = ${text}\n`), SATA);
    unknownFor(hpa('131072/131072, HPA is enabled'), /contradicts itself/);
    unknownFor(hpa('131072/200000, HPA is disabled'), /contradicts itself/);
    unknownFor(hpa('131072/131071, HPA is disabled'), /makes numbers up/);
    unknownFor(hpa('131000/131072, HPA is enabled'), /own capacity is 131072/);
    unknownFor(hpa('131072/9999999999999999999, HPA is enabled'), /does not tell/);
    unknownFor(hpa('131072/131072, HPA is disabled\n max sectors   = 1/2, HPA is enabled'), /does not tell/);
    const dco = capture('documented-dco');
    unknownFor(parseDco(dco, { count: 5_860_533_169, size: 512 }), /own capacity is 5860533169/);
    unknownFor(parseDco({ ...dco, stdout: dco.stdout.replace('verified.', 'FAILED!') }, SATA), /did not verify/);
    unknownFor(
      parseDco({ ...dco, stdout: dco.stdout.replace('5860533168', '18446744073321613488') }, SATA),
      /plausible/,
    );
  });
});
