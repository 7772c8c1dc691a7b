import type { ListenRequest } from '../model/listen.ts';
import type { Finding, PlanFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { note, refusal, takeBack, type Rule, warning } from './finding.ts';

/** Asked of disks alone that another machine is to send. */
const sent =
  (rule: (facts: PlanFacts, asked: ListenRequest) => Finding[]): Rule =>
  (facts) =>
    facts.source.received === undefined ? [] : rule(facts, facts.source.received);

const noRetries = sent(({ request }) =>
  request.settings.retries === 0
    ? []
    : [
        refusal(
          'usage',
          'listen.no-retries',
          'A stream has gone by: no sector of it can be read again.',
          `${takeBack(request, 'retries', '--retries')}. Where sectors are bad, pull the disk by ssh:// instead.`,
        ),
      ],
);

const noRescue = sent(({ request }) =>
  request.settings.recovery === 'in-line'
    ? []
    : [
        refusal(
          'usage',
          'listen.no-rescue',
          'A stream is read in its own order: there are no passes over it.',
          `${takeBack(request, 'recovery', '--profile')}. A dying disk is pulled by ssh://, or attached here.`,
        ),
      ],
);

const noSecondPass = sent(({ request }) =>
  request.settings.verifySource
    ? [
        refusal(
          'usage',
          'listen.no-second-pass',
          'A stream comes once: there is no second pass to compare it with.',
          `${takeBack(request, 'verifySource', '--verify-source')}. Use the command that sends the hash of what was sent, or pull the disk by ssh://.`,
        ),
      ]
    : [],
);

const live = sent(({ source }) => [
  warning(
    'source',
    'listen.live',
    `What ${visible(source.path)} is sent from is not looked at, and runs on: what changes meanwhile is sent as it is then, and nobody can read the same again.`,
  ),
]);

const plain = sent((_facts, { plaintext, allowed }) =>
  plaintext === null
    ? []
    : [
        warning(
          'source',
          'listen.plain',
          `The disk is sent plain: whoever is on its way can read it and change it, and nothing proves who sends it: ${visible(plaintext)}`,
        ),
        ...(allowed.length > 0
          ? []
          : [
              warning(
                'source',
                'listen.anybody',
                'Whoever sees the token can send another disk in its place: --allow ADDRESS lets in the live machine alone.',
              ),
            ]),
      ],
);

/** A stream gives what it gives, when it does. */
const noEffect = sent(({ request: { origins } }) => {
  const options = { maxBad: '--max-bad', readTimeout: '--read-timeout', waitForDevice: '--wait-for-device' } as const;
  const given = Object.entries(options).filter(([name]) => origins[name as keyof typeof options] === 'command-line');
  if (given.length === 0) return [];
  const message = `${given.map(([, option]) => option).join(', ')}: without effect on a stream. It is waited for until somebody stops that, and dead when nothing comes for a minute.`;
  return [warning('usage', 'listen.no-effect', message)];
});

const howItIsWhole = sent(() => [
  note(
    'listen.whole',
    'A bad sector over there ends the stream. Choose a command that tells the hash of what was sent: the others tell nothing of a failure.',
  ),
]);

export const RECEIVED_RULES: readonly Rule[] = [noRetries, noRescue, noSecondPass, live, plain, noEffect, howItIsWhole];
