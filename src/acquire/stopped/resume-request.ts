import { pieceBlockFault, settingLaws } from '../../catalog/setting-laws.ts';
import { ExhibitError } from '../../model/errors.ts';
import type { ManifestStart } from '../../manifest/start.ts';
import type { ListenRequest } from '../../model/listen.ts';
import type { RemoteRequest } from '../../model/remote.ts';
import type { AcquireRequest, Overrides, SettingOrigin, Settings } from '../../model/request.ts';
import { VERDICTS, type VerdictName } from '../../model/verdict.ts';

/** What whoever resumes may say anew; everything else is as the acquisition was begun. */
export interface ResumeChoices {
  /** Null: the source as it was named last. */
  readonly sourcePath: string | null;
  /** Null: the same person. */
  readonly examiner: string | null;
  readonly labelSerial: string | null;
  readonly limits: Partial<Settings>;
  /** A mapfile whose program went on with the image; null: none. */
  readonly adoptMap: string | null;
  readonly overrides: Overrides;
  readonly keyPath: string | null;
  readonly yes: boolean;
  /** Why it is gone on with although the machine of the source was started anew; null: not said. */
  readonly rebooted?: string | null;
  /** How a disk that another machine sends is waited for again. */
  readonly listen?: ListenRequest;
}

type Head = ManifestStart['head'];

/**
 * The request of a session that goes on, of what the journal tells of the first. A reason that was given for reading
 * without the protection that is required stays good for the same protection, not for less.
 * @param outOfOrder another program has put bytes into the image: what is left can no longer be read in order
 */
export function requestToResume(
  start: ManifestStart,
  last: Head,
  choices: ResumeChoices,
  outOfOrder: boolean,
): AcquireRequest {
  const { head } = start;
  const { case: caseInfo, label, acquisition } = head;
  const given = (option: string): string | null | undefined =>
    acquisition.overrides.find((override) => override.option === option)?.reason;
  return {
    sourcePath: choices.sourcePath ?? last.source.path,
    to: head.destination.path,
    folderName: null,
    caseInfo: {
      caseNumber: caseInfo.number,
      evidenceId: caseInfo.evidence_id,
      examiner: choices.examiner ?? caseInfo.examiner,
      description: caseInfo.description,
      notes: caseInfo.notes,
      authority: caseInfo.authority,
    },
    label: {
      model: label.model,
      serial: choices.labelSerial ?? label.serial,
      size: label.size,
      sealNumber: label.seal_number,
      condition: label.condition,
      mismatchReason: given('label-mismatch') ?? null,
    },
    profile: { ...acquisition.profile },
    // Nobody saw all of it go to disk in one piece.
    settings: {
      ...settingsOf(acquisition.settings),
      ...choices.limits,
      readBack: true,
      ...(outOfOrder ? { recovery: 'deferred' as const } : {}),
    },
    origins: { ...originsOf(acquisition.setting_origins), ...saidAnew(choices.limits) },
    overrides: {
      ...choices.overrides,
      softwareBlock: choices.overrides.softwareBlock || given('software-block') !== undefined,
      allowSystemDestination:
        choices.overrides.allowSystemDestination || given('allow-system-destination') !== undefined,
    },
    keyPath: choices.keyPath,
    yes: choices.yes,
    ...(choices.listen === undefined ? {} : { listen: choices.listen }),
    ...(last.source.remote === null
      ? {}
      : { remote: remoteAgain(last.source.remote, given, choices.rebooted ?? null) }),
  };
}

function remoteAgain(
  { reading }: NonNullable<Head['source']['remote']>,
  given: (option: string) => string | null | undefined,
  rebooted: string | null,
): RemoteRequest {
  const { connections, compress, limit_rate: limitRate } = reading;
  const [frozen, ciphertext] = [given('frozen') ?? null, given('ciphertext') ?? null];
  // Python that is gone meanwhile is no reason to refuse.
  const program = reading.program === 'dd' ? 'dd' : 'auto';
  return { program, connections, compress, limitRate, frozen, ciphertext, rebooted };
}

/** The reason that was given at the start for reading with less protection, while it is no less than it was then. */
export function reasonThatHolds({ head }: ManifestStart, now: VerdictName): string | null {
  const reason = head.acquisition.overrides.find(({ option }) => option === 'allow-unblocked')?.reason ?? null;
  const was = VERDICTS.indexOf(head.guard.verdict);
  return now !== 'contradicted' && VERDICTS.indexOf(now) >= was ? reason : null;
}

function settingsOf(told: Head['acquisition']['settings']): Settings {
  const settings = spelt(told);
  const { blockSize, pieceSize, segmentSize, hashes, retries, maxBad, readTimeout, waitForDevice } = settings;
  const faults = [
    settingLaws.blockSize(blockSize),
    settingLaws.pieceSize(pieceSize),
    settingLaws.segmentSize(segmentSize),
    settingLaws.hashes(hashes),
    settingLaws.retries(retries),
    maxBad === null ? null : settingLaws.maxBad(maxBad),
    readTimeout === null ? null : settingLaws.readTimeout(readTimeout),
    settingLaws.waitForDevice(waitForDevice),
    pieceBlockFault(settings),
  ].filter((fault) => fault !== null);
  if (faults.length === 0) return settings;
  const message = `The journal tells settings that no acquisition can have: one ${faults.join('; one ')}.`;
  throw new ExhibitError('damage', 'journal.records', message, {
    hint: 'Somebody changed it. Nothing was touched; keep the folder as it is.',
  });
}

function spelt(settings: Head['acquisition']['settings']): Settings {
  return {
    format: settings.format,
    segmentSize: settings.segment_size,
    hashes: settings.hashes,
    engine: settings.hash_engine,
    reader: settings.reader,
    blockSize: settings.block_size,
    pieceSize: settings.piece_size,
    readBack: settings.read_back,
    verifySource: settings.verify_source,
    protection: settings.write_protection,
    probe: settings.probe,
    vendorQuery: settings.vendor_query,
    recovery: settings.recovery,
    retries: settings.retries,
    maxBad: settings.max_bad,
    readTimeout: settings.read_timeout,
    waitForDevice: settings.wait_for_device,
  };
}

function saidAnew(limits: Partial<Settings>): Partial<Record<keyof Settings, SettingOrigin>> {
  return Object.fromEntries(Object.keys(limits).map((name) => [name, 'command-line']));
}

function originsOf(origins: Readonly<Record<string, SettingOrigin>>): Readonly<Record<keyof Settings, SettingOrigin>> {
  return origins;
}
