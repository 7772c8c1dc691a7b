import { hangsOn } from '../model/chain-text.ts';
import type { Fact } from '../model/device.ts';
import type { Finding, LabelComparison, Plan } from '../model/plan.ts';
import type { ListenRequest } from '../model/listen.ts';
import { encryptionWords, hiddenWords } from '../model/probe-text.ts';
import { describeBytes, groupDigits, roundBytes } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { expectedLines, type Expected } from './describe-expected.ts';
import { machineLines } from './describe-remote.ts';
import { comparisonText } from './label.ts';
import { sizeText } from './space.ts';

type Line = readonly [label: string, text: string];

/**
 * The plan as plain text, for `--dry-run` and before the question. Nothing in it is raw: whatever came from a device or
 * a person is made visible.
 * @param expected what is known of its pace; null: nobody asked
 */
export function describePlan(plan: Plan, expected: Expected | null = null): string {
  const sections: [string, Line[]][] = [
    ['Source', sourceLines(plan)],
    ['On another machine', machineLines(plan)],
    ['By the disk itself', ownLines(plan)],
    ['Label', plan.labelComparisons.map(comparisonLine)],
    ['Write protection', protectionLines(plan)],
    ['Destination', destinationLines(plan)],
    ['Image', imageLines(plan)],
    ['Expected', expected === null ? [] : expectedLines(expected)],
    ['Case', caseLines(plan)],
    ['Deviations', deviationLines(plan)],
  ];
  const text = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map(lineText).join('')}`);
  const findings = plan.findings.length === 0 ? [] : [`Findings\n${describeFindings(plan.findings)}`];
  return [...text, ...findings].join('\n');
}

/** One finding a line, with its hint on the next. */
export function describeFindings(findings: readonly Finding[]): string {
  return findings
    .map(
      ({ level, code, message, hint }) =>
        `  ${level}: ${message} [${code}]\n${hint === undefined ? '' : `    ${hint}\n`}`,
    )
    .join('');
}

function sourceLines({ source, size, logicalSector, physicalSector }: Plan): Line[] {
  const place: Line[] = [['path', visible(source.path)]];
  if (source.realPath !== source.path) place.push(['real path', visible(source.realPath)]);
  if (source.kind === 'file') return [...place, ['kind', 'plain file'], ['size', describeBytes(size)]];
  if (source.received !== undefined) return sentLines(source.received);
  const { device } = source;
  return [
    ...place,
    ['kind', `${device.kind}${device.physical ? ', physical' : ''}`],
    ['model', fact(device.model)],
    ['serial', fact(device.serial)],
    ['hangs on', device.chain.known ? visible(hangsOn(device.chain)) : fact(device.chain)],
    ['size', `${describeBytes(size)}, ${groupDigits(Math.floor(size / logicalSector))} sectors`],
    ['sector', `${logicalSector} bytes logical, ${physicalSector} physical`],
    ...device.partitions.map((partition): Line => [
      'partition',
      [
        partition.path,
        roundBytes(partition.size),
        partition.fileSystem ?? partition.type ?? 'type unknown',
        partition.label ?? '',
      ]
        .map(visible)
        .join(' ')
        .trimEnd(),
    ]),
  ];
}

/** A disk that is sent: all that is known is what was asked for. */
function sentLines({ address, size, allowed, plaintext }: ListenRequest): Line[] {
  return [
    ['sent to', visible(`${address.host} port ${address.port === 0 ? 'that the kernel chooses' : address.port}`)],
    ['path there', visible(address.path ?? 'not said')],
    ['size', `${describeBytes(size)}, as --expect-size says`],
    ['from', allowed.length === 0 ? 'whoever knows the token' : visible(allowed.join(', '))],
    ['on its way', plaintext === null ? 'TLS, with a certificate made for it' : 'NOT encrypted, NOT authenticated'],
  ];
}

/** What the disk itself answered, apart from what its bridge says. */
function ownLines({ source, protection: { probes } }: Plan): Line[] {
  if (source.kind === 'file') return [];
  const { own, healthy, hpa, dco, encryption, unread, runs } = probes;
  if (runs.length === 0) return [['asked', own.known ? 'nothing' : `nothing: ${visible(own.why)}`]];
  const of = <T>(known: Fact<T>, words: (value: T) => string): string => fact(map(known, words));
  const signs: Line = ['encryption', visible(encryptionWords(encryption, unread))];
  const whys = new Set([own, healthy, hpa, dco].map((each) => (each.known ? null : each.why)));
  // One reason for all of it is told once.
  if (!own.known && whys.size === 1) return [['answers', `none: ${visible(own.why)}`], signs];
  return [
    ['model', of(own, ({ model }) => model)],
    ['serial', of(own, ({ serial }) => serial)],
    ['SMART health', of(healthy, (passed) => (passed ? 'passed' : 'FAILED'))],
    ['hidden (HPA)', of(hpa, hiddenWords)],
    ['hidden (DCO)', of(dco, hiddenWords)],
    signs,
  ];
}

function map<T>(known: Fact<T>, words: (value: T) => string): Fact<string> {
  return known.known ? { known: true, value: words(known.value) } : known;
}

function protectionLines({ verdict, setReadOnly }: Plan): Line[] {
  return [
    ['verdict', `${verdict.name}: ${verdict.meaning}`],
    ...verdict.evidence.map(({ what, seen, source }): Line => [
      'seen',
      `${visible(what)}: ${visible(seen)} (${visible(source)})`,
    ]),
    ...setReadOnly.map((path): Line => ['will be set', `kernel's read-only flag of ${visible(path)}`]),
  ];
}

function destinationLines({ destination, folder, spaceNeeded }: Plan): Line[] {
  const { fileSystem, mountPoint, mountSource, freeBytes, claimedByOthers, disks } = destination;
  const claimed = claimedByOthers.known ? describeBytes(claimedByOthers.value) : fact(claimedByOthers);
  const none = 'none: memory or network';
  return [
    ['folder', visible(folder.path)],
    ['file system', visible(`${fileSystem} on ${mountSource}, mounted at ${mountPoint}`)],
    ['disk', disks.known ? visible(disks.value.join(', ') || none) : fact(disks)],
    ['model', fact(destination.model)],
    ['serial', fact(destination.serial)],
    ['free', describeBytes(freeBytes)],
    ['needed', `${describeBytes(spaceNeeded)}, with room for records; other running jobs: ${claimed}`],
  ];
}

function imageLines(plan: Plan): Line[] {
  const { segments, request } = plan;
  const { settings, profile } = request;
  const [first, last] = [segments[0]?.name ?? '', segments.at(-1)?.name ?? ''];
  const names =
    segments.length === 1
      ? first
      : `${first} … ${last}, ${segments.length} of at most ${sizeText(settings.segmentSize)}`;
  return [
    ['profile', `${visible(profile.name)} version ${profile.version}`],
    ['files', `${settings.format}: ${visible(names)}`],
    ['hashes', `${settings.hashes.join(', ')}; engine ${settings.engine}; pieces of ${sizeText(settings.pieceSize)}`],
    ['reader', readerText(plan)],
    ['read-back', settings.readBack ? 'yes: the image is read again and compared' : 'no (--no-read-back)'],
    ['source again', settings.verifySource ? 'yes: the source is read twice' : 'no: the source is read once'],
  ];
}

/** Over there dd is told its blocks range by range. */
function readerText({ source, request: { settings } }: Plan): string {
  if (source.remote !== undefined) return `${source.remote.ways.program} over there, range by range`;
  const reader = source.received === undefined ? settings.reader : 'what is sent';
  return `${reader}, blocks of ${sizeText(settings.blockSize)}`;
}

function caseLines({ request }: Plan): Line[] {
  const { caseInfo, label } = request;
  const lines: [string, string | null][] = [
    ['case', caseInfo.caseNumber],
    ['evidence', caseInfo.evidenceId],
    ['examiner', caseInfo.examiner],
    ['description', caseInfo.description],
    ['authority', caseInfo.authority],
    ['notes', caseInfo.notes],
    ['seal number', label.sealNumber],
    ['condition', label.condition],
  ];
  return lines.flatMap(([name, value]): Line[] => (value === null ? [] : [[name, visible(value)]]));
}

function deviationLines({ request }: Plan): Line[] {
  const { allowUnblocked, softwareBlock, allowSystemDestination, unsigned } = request.overrides;
  const { frozen = null, ciphertext = null, rebooted = null } = request.remote ?? {};
  const lines: (Line | false)[] = [
    frozen !== null && ['--frozen', visible(frozen)],
    ciphertext !== null && ['--ciphertext', visible(ciphertext)],
    rebooted !== null && ['--rebooted', visible(rebooted)],
    (request.listen?.plaintext ?? null) !== null && ['--allow-plaintext', visible(request.listen?.plaintext ?? '')],
    allowUnblocked !== null && ['--allow-unblocked', visible(allowUnblocked)],
    request.label.mismatchReason !== null && ['--label-mismatch', visible(request.label.mismatchReason)],
    softwareBlock && ['--software-block', "the kernel's flag instead of a write blocker"],
    allowSystemDestination && ['--allow-system-destination', "evidence on the operating system's disk"],
    unsigned && ['--unsigned', 'nothing will be signed'],
  ];
  return lines.filter((line) => line !== false);
}

function comparisonLine({ field, label, device, result }: LabelComparison): Line {
  const told = device === null ? 'not told' : visible(comparisonText(field, device));
  return [field, `${result}: label ${visible(comparisonText(field, label))}, device ${told}`];
}

function lineText([label, text]: Line): string {
  return `  ${label.padEnd(14)} ${text}\n`;
}

function fact(value: Fact<unknown>): string {
  return value.known ? visible(String(value.value)) : `unknown: ${visible(value.why)}`;
}
