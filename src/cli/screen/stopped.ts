import type { StoppedFolder } from '../../acquire/stopped/stopped-folder.ts';
import { FATAL_WORDS } from '../../model/listen.ts';
import { describeBytes } from '../../model/size.ts';
import { shellQuote, visible } from '../../model/text.ts';
import { costText } from './cost.ts';

/** What a stopped acquisition has so far, for whoever resumes it. Nothing in it is raw. */
export function describeStopped(facts: StoppedFolder): string {
  const { start, state, sessions, stopped, folder, lastHead, mismatch } = facts;
  const { number, evidence_id, examiner } = start.head.case;
  const { map, failedReads } = state;
  const failed = map.bytes('failed-large') + map.bytes('failed-small');
  const lines: readonly (readonly [string, string])[] = [
    ['folder', visible(folder.path)],
    [
      'case',
      `${visible(number)}, item ${visible(evidence_id)}, begun by ${visible(examiner)} at ${start.head.acquisition.started}`,
    ],
    ['sessions', `${sessions}; the last one on ${visible(lastHead.station.hostname)}`],
    ['ended', stopped === null ? 'without a word: killed, or the power went' : visible(stopped)],
    ['read', `${describeBytes(map.bytes('good'))} of ${describeBytes(start.size)}`],
    ['unreadable', describeBytes(map.bytes('unreadable'))],
    ...(failed === 0 ? [] : [['failed', `${describeBytes(failed)}, not given up yet`] as const]),
    ...(failedReads.count === 0 ? [] : [['cost', costText(failedReads)] as const]),
    mismatch === null ? ['goes on at', `byte ${state.position}`] : ['found', MISMATCH[mismatch]],
  ];
  return `Stopped acquisition\n${lines.map(([label, text]) => `  ${label.padEnd(11)} ${text}\n`).join('')}`;
}

const MISMATCH: Readonly<Record<NonNullable<StoppedFolder['mismatch']>, string>> = {
  'read-back': 'a mismatch: the image did not hold what was read',
  'source-check': 'a mismatch: the source gave other data the second time',
  ...FATAL_WORDS,
  'hash-differs': `a mismatch: ${FATAL_WORDS['hash-differs']}`,
};

/** What `exhibit show` says of a folder that no manifest closes: what is there, and the ways on. */
export function stoppedText(stopped: StoppedFolder, atWork: boolean): string {
  const folder = shellQuote(stopped.folder.path);
  const close = `  exhibit seal ${folder} --incomplete REASON`;
  const onward =
    stopped.mismatch === null
      ? ['Go on with it:', `  exhibit resume ${folder}`, 'Or close it as it is:', close]
      : ['It is not gone on with. Close it with what it found:', close];
  const ways = atWork ? ['A job is at work in it just now: these are its last checkpoint.'] : onward;
  return ['NOT VERIFIED, and not closed: this is what the journal says.', '', describeStopped(stopped), ...ways].join(
    '\n',
  );
}
