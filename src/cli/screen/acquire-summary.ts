import type { Seal } from '../../acquire/close-folder.ts';
import type { AcquireResult } from '../../acquire/job.ts';
import { describeBytes, groupDigits } from '../../model/size.ts';
import { shellQuote, visible } from '../../model/text.ts';
import { costText } from './cost.ts';

/** The last words of `exhibit acquire`: what was made, what was proved, the seal, and how anybody checks it. */
export function acquireSummary(result: AcquireResult): string {
  if (result.ended === 'stopped') {
    return [
      `${stoppedWhere(result)} What was read is on disk, as .partial, in`,
      `  ${visible(result.folder)}`,
      ...sentence(costText(result.failedReads)),
      'Go on with it, here or on another station:',
      `  exhibit resume ${shellQuote(result.folder)}`,
      'Or close it as it is:',
      `  exhibit seal ${shellQuote(result.folder)} --incomplete REASON`,
    ].join('\n');
  }
  return [
    headline(result),
    `  ${visible(result.folder)}`,
    ...result.digests.map(({ algorithm, hex }) => `  ${algorithm.toUpperCase().padEnd(6)}  ${hex}`),
    `  ${proved(result)}`,
    ...remoteLines(result),
    ...storyLines(result),
    ...sealLines(result.seal),
    'Anybody checks it with:',
    `  exhibit verify ${shellQuote(result.folder)}${result.seal.fingerprint === null ? '' : ' --signers FILE'}`,
    ...(result.seal.fingerprint === null
      ? []
      : ['  (FILE: the signers you trust; `exhibit keys show` prints your line for it)']),
    `or with stock tools: ${shellQuote(`${result.folder}/VERIFY.txt`)} has the commands.`,
  ].join('\n');
}

/** Copied by hand onto the label and the custody form. */
export function sealLines(seal: Seal): string[] {
  return [
    'SEAL: copy this onto the label and the custody form',
    `  evidence   ${visible(seal.evidenceId)}`,
    `  SHA256SUMS ${seal.sha256}`,
    `  key        ${seal.fingerprint ?? 'NONE: THIS FOLDER IS UNSIGNED. Sign it: exhibit seal DIR'}`,
  ];
}

type Closed = Extract<AcquireResult, { ended: 'closed' }>;
type Stopped = Extract<AcquireResult, { ended: 'stopped' }>;

function stoppedWhere({ position, size, good, unreadableBytes }: Stopped): string {
  const done = good + unreadableBytes;
  if (done === position) return `STOPPED at ${describeBytes(position)} of ${describeBytes(size)}.`;
  return `STOPPED. ${describeBytes(good)} of ${describeBytes(size)} were read, out of order.`;
}

/** What was not as smooth as it should be; nothing for the usual case. */
function storyLines({ failedReads, unstablePlaces, sessions, pauses }: Closed): string[] {
  const unstable =
    unstablePlaces === 0
      ? ''
      : `${times(unstablePlaces, 'place')} answered differently when read again; the image has the first answer.`;
  const story = [
    sessions > 1 ? `${sessions} sessions: it was cut off and resumed` : '',
    pauses > 0 ? `the source was away ${times(pauses, 'time')}` : '',
  ].filter((part) => part !== '');
  return [
    ...sentence(costText(failedReads)),
    ...(unstable === '' ? [] : [`  UNSTABLE: ${unstable}`]),
    ...sentence(story.join('; ')),
  ];
}

/** Of a disk of another machine: that what was read may be gone, who may have changed it, and that its hashes are that machine's own word. */
function remoteLines({ remote, received }: Closed): string[] {
  const told = remote ?? received;
  if (told === null) return [];
  return [
    ...sentence(`the source was ${told.state}`),
    ...(received === null ? [] : sentence(`on its way: ${received.way}`)),
    ...sentence(`what was sent, hashed there: ${told.proof}`),
  ];
}

function times(count: number, what: string): string {
  return `${groupDigits(count)} ${what}${count === 1 ? '' : 's'}`;
}

function sentence(words: string): string[] {
  return words === '' ? [] : [`  ${words.charAt(0).toUpperCase()}${words.slice(1)}.`];
}

function headline(result: Closed): string {
  switch (result.outcome) {
    case 'complete':
      return result.received === null
        ? 'ACQUIRED. Every byte was read.'
        : 'ACQUIRED. As many bytes came as the disk has by --expect-size.';
    case 'complete-with-unreadable':
      return `ACQUIRED, WITH GAPS: ${groupDigits(result.unreadableBytes)} bytes in ${result.unreadableRanges} ranges could not be read; zeros stand there.`;
    case 'mismatch':
      return 'MISMATCH. Two readings that should be equal are not; the image stays as .partial and is signed as a mismatch.';
    case 'incomplete':
      return 'INCOMPLETE.';
  }
}

function proved(result: Closed): string {
  const back =
    result.readBack === 'match'
      ? `The image was read back and equals ${result.received === null ? 'the data read' : 'what arrived'}${fromWhere(result.readBackCache)}.`
      : result.readBack === 'waived'
        ? 'The image was NOT read back (--no-read-back).'
        : `The image does NOT read back as what ${result.received === null ? 'was read' : 'arrived'}.`;
  const source =
    result.sourceCheck === 'match'
      ? sameTwice(result)
      : result.sourceCheck === 'mismatch'
        ? ' A second reading of the source gave something else.'
        : '';
  return back + source;
}

function sameTwice({ unreadableBytes, sourceCheckCache }: Closed): string {
  const where = fromWhere(sourceCheckCache);
  if (unreadableBytes > 0) return ` A second reading gave the same where the source could be read${where}.`;
  const both = sourceCheckCache === 'no' ? '' : ': source and image hashes match';
  return ` A second reading of the source gave the same${where}${both}.`;
}

function fromWhere(cache: Closed['readBackCache']): string {
  switch (cache) {
    case 'yes':
      return '';
    case 'no':
      return ' (from memory, possibly not from the medium)';
    case 'unknown':
    case null:
    case undefined:
      return ' (whether from the medium or from memory is unknown)';
  }
}
