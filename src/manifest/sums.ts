import { createHash } from 'node:crypto';
import { Faults } from '../image/faults.ts';
import { bug } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { byCodePoint } from './encode.ts';
import { isPlainName, repeatedNames, SUMS, SUMS_SIGNATURE } from './file-names.ts';

/** One line of SHA256SUMS. */
export interface Sum {
  readonly name: string;
  readonly sha256: string;
}

export type SumsResult =
  { readonly ok: true; readonly sums: readonly Sum[] } | { readonly ok: false; readonly faults: string[] };

/** SHA256SUMS as `sha256sum -c` takes it, sorted by name. `docs/manifest-format.md`, section 7. */
export function formatSums(sums: readonly Sum[]): string {
  const faults = judge(sums);
  if (faults.length > 0) throw bug(`SHA256SUMS: ${faults.join('; ')}`);
  return [...sums]
    .sort((a, b) => byCodePoint(a.name, b.name))
    .map((sum) => `${sum.sha256}  ${sum.name}\n`)
    .join('');
}

/** Reads SHA256SUMS in exactly the form that {@link formatSums} writes; GNU's escapes and `*` are refused. */
export function parseSums(text: string): SumsResult {
  const faults = new Faults();
  const lines = text.split('\n');
  if (lines.pop() !== '') faults.add('the last line does not end: the file was cut off');
  if (lines.length === 0) faults.add('it lists nothing');
  const sums = lines.flatMap((line, index) => {
    const [, sha256 = '', name = ''] = /^([0-9a-f]{64}) {2}(.+)$/s.exec(line) ?? [];
    if (name === '') faults.add(`line ${index + 1} is not "<sha256>  <name>": "${visible(line.slice(0, 100))}"`);
    return name === '' ? [] : { name, sha256 };
  });
  faults.add(...judge(sums));
  if (!faults.any && formatSums(sums) !== text) faults.add('the names are not sorted');
  return faults.any ? { ok: false, faults: faults.list } : { ok: true, sums };
}

/** The seal: the SHA-256 of SHA256SUMS's exact bytes, copied by hand onto label and custody form. */
export function sealOf(sumsBytes: Uint8Array): string {
  return createHash('sha256').update(sumsBytes).digest('hex');
}

function judge(sums: readonly Sum[]): string[] {
  const names = sums.map((sum) => sum.name);
  return [
    ...sums
      .filter((sum) => !/^[0-9a-f]{64}$/.test(sum.sha256))
      .map((sum) => `the hash of ${visible(sum.name)} is not a SHA-256`),
    ...names.filter((name) => !isPlainName(name)).map((name) => `"${visible(name)}" is not a plain file name`),
    ...names
      .filter((name) => name === SUMS || name === SUMS_SIGNATURE)
      .map((name) => `${name} can't be listed in ${SUMS}`),
    ...repeatedNames(names).map((name) => `${visible(name)} is listed twice`),
  ];
}
