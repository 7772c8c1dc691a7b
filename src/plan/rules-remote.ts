import { useText } from '../model/device.ts';
import { isElsewhere, type Finding, type PlanFacts } from '../model/plan.ts';
import { unhashed, type RemoteDisk, type RemoteFacts } from '../model/remote.ts';
import { isFarOff, lacksOf } from '../model/remote-fitness.ts';
import { groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { note, refusal, takeBack, type Rule, warning } from './finding.ts';

/** What a machine must be and have before one of its disks is looked for. Pure. */
export function judgeMachine(machine: RemoteFacts): Finding[] {
  return lacksOf(machine).map(({ code, message, hint }) => refusal('source', code, visible(message), hint));
}

type Facts = PlanFacts & { readonly remote: RemoteDisk };

/** Asked of disks of other machines alone. */
const on =
  (rule: (facts: Facts) => Finding[]): Rule =>
  (facts) =>
    facts.source.remote === undefined ? [] : rule({ ...facts, remote: facts.source.remote });

/** Asked of disks that another machine sends, too. */
const elsewhere =
  (rule: Rule): Rule =>
  (facts) =>
    isElsewhere(facts.source) ? rule(facts) : [];

const byLeave = elsewhere(({ request }) =>
  request.caseInfo.authority === null
    ? [
        refusal(
          'usage',
          'remote.no-authority',
          'It is not said by whose leave a machine that runs is read.',
          'Say it: --authority TEXT. It stands in the manifest.',
        ),
      ]
    : [],
);

const live = on(({ source, request }) => {
  const frozen = request.remote?.frozen ?? null;
  const uses = source.kind === 'block' && source.device.uses.known ? source.device.uses.value : [];
  const by = visible(uses.map(useText).join('; '));
  const used = by === '' ? '' : ` In use: ${by}.`;
  if (frozen === null) {
    const message = `${visible(source.path)} is read while its machine runs: what changes meanwhile is read as it is then, and nobody can read the same again.${used}`;
    return [warning('source', 'remote.live', message)];
  }
  const message = `${visible(source.path)} is said not to change while it is read: ${visible(frozen)}.${used}`;
  return [warning('source', 'remote.frozen', message)];
});

const secondPass = on(({ request }) => {
  const frozen = (request.remote?.frozen ?? null) !== null;
  const { verifySource } = request.settings;
  if (verifySource && !frozen) {
    return [
      refusal(
        'usage',
        'remote.second-pass',
        'A second reading of a disk that is in use differs by itself: it proves nothing.',
        `${takeBack(request, 'verifySource', '--verify-source')}, or say why the disk does not change: --frozen REASON.`,
      ),
    ];
  }
  if (verifySource || !frozen) return [];
  return [
    warning('usage', 'remote.frozen-unproven', 'Without --verify-source nothing shows that the disk did not change.'),
  ];
});

const noFlagThere = elsewhere(({ request }) =>
  request.overrides.softwareBlock
    ? [
        refusal(
          'usage',
          'remote.software-block',
          'The read-only flag of a disk of another machine is not set from here.',
          'Leave --software-block out.',
        ),
      ]
    : [],
);

const sizesAgree = on(({ source, remote }) => {
  const { size } = source.identity;
  const ways = Object.entries(remote.sizes);
  const others = ways.flatMap(([way, told]) => (told.known && told.value !== size ? [`${way} ${told.value}`] : []));
  if (others.length > 0) {
    const message = `The size of ${visible(source.path)} is told differently: sysfs ${size}, ${others.join(', ')} bytes.`;
    return [refusal('source', 'remote.size-differs', message, 'Find out which is true before anything is imaged.')];
  }
  if (ways.some(([, told]) => told.known)) return [];
  return [warning('source', 'remote.size-one-way', `The size of ${visible(source.path)} is known from sysfs alone.`)];
});

/** Once the machine is off, nobody may have the key any more. */
const unlocked = on(({ source, remote, request }) => {
  if (!remote.unlocked.known) {
    const message = `Whether ${visible(source.path)} is encrypted, and open, could not be looked up (${visible(remote.unlocked.why)}).`;
    return [warning('source', 'remote.unlocked-unknown', message)];
  }
  const open = remote.unlocked.value;
  if (open.length === 0) return [];
  const list = open.map(({ device, mapper }) => `${visible(device)} is open as ${visible(mapper)}`).join('; ');
  const reason = request.remote?.ciphertext ?? null;
  if (reason !== null) {
    return [warning('source', 'remote.ciphertext', `${list}. Its ciphertext is read all the same: ${visible(reason)}`)];
  }
  return [
    refusal(
      'source',
      'remote.unlocked',
      `${visible(source.path)} holds an encrypted device whose content can be read now: ${list}. Once the machine is off, the ciphertext may be worthless.`,
      `Image ${open.map(({ address }) => visible(address)).join(', ')} first. Or give the reason for reading the ciphertext: --ciphertext REASON.`,
    ),
  ];
});

const packed = on(({ remote, request }) => {
  const asked = request.remote?.compress ?? 'auto';
  if (asked === 'auto' || remote.ways.modes.includes(asked)) return [];
  return [
    refusal(
      'usage',
      'remote.no-compressor',
      `What is sent can not be packed by ${asked}: that takes ${asked}, tee, wc and /dev/fd over there, and what unpacks it here${asked === 'zstd' ? ' (the program zstd, or Node 22.15)' : ''}.`,
      'Use --compress auto, which takes what there is, or --compress none.',
    ),
  ];
});

const provable = on(({ remote }) => {
  const none = unhashed(remote.ways);
  if (none === 'nothing') return [];
  const what = none === 'all' ? 'what is sent' : 'what is packed (python3 does what is sent plain)';
  const message = `Nothing there hashes ${what}: that what arrives of it is what was sent is not shown.`;
  return [warning('source', 'remote.no-hash', message)];
});

const pastCache = on(({ remote }) =>
  remote.ways.direct
    ? []
    : [
        warning(
          'source',
          'remote.cached',
          `dd there does not read past the page cache${remote.ways.program === 'dd' ? '' : `, and where it does not, ${remote.ways.program} is not asked to`}: a bad sector may cost a page or more, and what is read may come from its memory.`,
        ),
      ],
);

const clockNear = on(({ remote }) => {
  const told = remote.machine.clock;
  if (!told.known)
    return [warning('source', 'remote.clock-unknown', `The clock of the machine is not known: ${visible(told.why)}.`)];
  if (!isFarOff(told.value)) return [];
  const { offset, roundTrip, step } = told.value;
  const [where, mend] = offset < 0 ? ['behind', 'Added to'] : ['ahead of', 'Taken off'];
  const ms = groupDigits(Math.abs(offset));
  const message = `The clock of the machine is ${ms} ms ${where} ours, right to ${groupDigits(Math.ceil(roundTrip / 2 + step))} ms. ${mend} the times of its files and logs, that gives ours; it stands in the manifest. Which of the two is right is not known: hold both against a clock that is, and note it down.`;
  return [warning('source', 'remote.clock-off', message)];
});

const moreVolatile = elsewhere(() => [
  note(
    'remote.volatile',
    'Memory, connections and running processes go away before the disk does: are they taken, where they are wanted?',
  ),
]);

export const REMOTE_RULES: readonly Rule[] = [
  byLeave,
  live,
  secondPass,
  noFlagThere,
  sizesAgree,
  unlocked,
  packed,
  provable,
  pastCache,
  clockNear,
  moreVolatile,
];
