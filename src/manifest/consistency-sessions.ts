import { weakest } from '../model/verdict.ts';
import type { Manifest, Session } from './schema.ts';

/** The laws of sessions, and between them and the rest of the manifest. */
export function checkSessions(manifest: Manifest): string[] {
  const { sessions, outcome, read_back, guard, acquisition } = manifest;
  const due = weakest(sessions.map(({ verdict }) => verdict));
  const laws: [boolean, string][] = [
    [
      sessions.length === 1 || outcome === 'incomplete' || read_back.state !== 'waived',
      `the image of ${sessions.length} sessions was not read back, though the outcome is ${outcome}`,
    ],
    [guard.verdict === due, `guard.verdict is ${guard.verdict}; the weakest of the sessions is ${due}`],
    [sessions[0]?.started === acquisition.started, 'acquisition.started is not that of the first session'],
  ];
  return [
    ...laws.filter(([holds]) => !holds).map(([, fault]) => fault),
    ...sessions.flatMap((session, index) => sessionFaults(manifest, session, index)),
  ];
}

function sessionFaults({ sessions, outcome, source }: Manifest, session: Session, index: number): string[] {
  const { how, code, message, from, to, attachments, pauses } = session;
  const last = index === sessions.length - 1;
  const laws: [boolean, string][] = [
    [(how === 'finished') === (last && outcome !== 'incomplete'), `how is ${how}, though the outcome is ${outcome}`],
    [
      (how === 'stopped') === (code !== null) && (code === null) === (message === null),
      'code and message go with stopped',
    ],
    [from <= to && to <= source.size, `from ${from} to ${to} is backwards, or outside the source`],
    [index > 0 || from === 0, 'the first one does not begin at 0'],
    [attachments.length > 0, 'it has no attachment'],
    [
      pauses.every(({ outcome: end, ended }) => (end === 'session-ended') === (ended === null)),
      'a pause has an end that does not go with its outcome',
    ],
    [
      attachments.length === 1 + pauses.filter(({ outcome: end }) => end === 'reconnected').length,
      'its attachments are not one for the start and one for each time that the source came back',
    ],
  ];
  return laws.filter(([holds]) => !holds).map(([, fault]) => `sessions[${index}]: ${fault}`);
}
