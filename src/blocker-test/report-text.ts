import { shellQuote, visible } from '../model/text.ts';
import { describeBytes } from '../model/size.ts';
import { fact, field, reportTime } from '../manifest/report-lines.ts';
import { ALLOWED_SIGNERS, SUMS, SUMS_SIGNATURE } from '../manifest/file-names.ts';
import { attemptTable } from './attempt-table.ts';
import type { Report } from './report-schema.ts';

const HEADLINES: Readonly<Record<Report['result'], string>> = {
  blocked: 'BLOCKED: no attempt to write changed the disk.',
  'not-blocked': 'NOT BLOCKED: writes reached the disk. Do not put evidence behind this device.',
  inconclusive: 'INCONCLUSIVE: this test does not say whether the device blocks.',
};

/** The report as people read it. All that a device or a tool said is escaped. */
export function reportText(report: Report): string {
  const paragraphs = [
    ['Validation of a write blocker'],
    verdictLines(report),
    ['Read this with it:', ...report.limits.map((line) => ` ${visible(line)}`)],
    ['Not attempted, and not covered:', ...report.not_attempted.map((line) => ` ${visible(line)}`)],
    blockerLines(report),
    diskLines(report),
    readLines(report),
    ['Attempts', ...attemptTable(report.attempts)],
    ...(report.attempts.some(({ changed }) => changed === 'yes')
      ? [['What was changed on the scratch disk stays so: nothing was put back. It needs a new "prepare".']]
      : []),
    stationLines(report),
  ];
  return `${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The result in a line, and what makes it so. */
export function verdictLines({ result, why }: Report): string[] {
  return [HEADLINES[result], ...why.map((line) => ` ${visible(line)}`)];
}

function blockerLines({ blocker }: Report): string[] {
  const { usb, inquiry } = blocker.seen;
  return [
    'Write blocker, as the examiner names it',
    field('Make', blocker.make),
    field('Model', blocker.model),
    field('Serial number', blocker.serial),
    field('Firmware', blocker.firmware),
    'What this host sees in front of the disk',
    ...(usb === null
      ? [' USB: none']
      : [
          field('USB', `${usb.vendor_id}:${usb.product_id}, ${usb.manufacturer ?? '?'}, ${usb.product ?? '?'}`),
          field('USB serial', usb.serial ?? 'none told'),
          field('USB revision (bcdDevice)', usb.revision ?? 'none told'),
          field('USB link', `${usb.speed ?? '?'} Mbit/s, ${usb.transport ?? 'transport not known'}`),
        ]),
    field('INQUIRY', inquiry === null ? 'none' : `"${inquiry.vendor}" "${inquiry.product}" "${inquiry.revision}"`),
    field('Path', blocker.seen.sysfs),
  ];
}

function diskLines({ disk, marker }: Report): string[] {
  return [
    'Scratch disk',
    field('Device', `${disk.real_path} (${disk.kind})`),
    field('Model', fact(disk.model, disk.unknown['model'])),
    field('Serial number', fact(disk.serial, disk.unknown['serial'])),
    ...(disk.backing_file === null ? [] : [field('File behind it', disk.backing_file)]),
    field('Size', `${describeBytes(disk.size)}, sectors of ${disk.logical_sector} bytes`),
    field('Scratch marker', `${marker.id}, made ${reportTime(marker.made)} on "${marker.disk}"`),
  ];
}

function readLines({ reads, capacity, flag }: Report): string[] {
  const { before, after } = reads;
  return [
    'Before and after',
    field('SHA256 before', before?.sha256 ?? 'not read'),
    field('SHA256 after', after?.sha256 ?? `not read${reads.why === null ? '' : ` (${reads.why})`}`),
    field('Capacity', `${capacity.marker} as marked, ${capacity.before} before, ${capacity.after ?? 'unknown'} after`),
    ...flag.map(({ when, argv, exit, said, read_only }) =>
      field(
        `Kernel's read-only flag, ${when.replaceAll('-', ' ')}`,
        `${read_only === null ? 'unknown' : read_only ? '1' : '0'} after "${argv.join(' ')}"${exit === 0 ? '' : ` (exit ${exit ?? '?'}: ${said})`}`,
      ),
    ),
  ];
}

function stationLines(report: Report): string[] {
  const { station, signing } = report;
  const tools = Object.entries(station.tools).map(([name, version]) => `${name}: ${version ?? 'not installed'}`);
  return [
    'Who, when, with what',
    field('Examiner', report.examiner),
    field('Started', reportTime(report.started)),
    field('Finished', reportTime(report.finished)),
    field('Created by', `${report.tool.name} ${report.tool.version}, Node ${station.node}`),
    field('Station', `${station.hostname}, Linux ${station.kernel}`),
    field('User', `uid ${station.uid}${station.sudo_user === null ? '' : `, sudo by ${station.sudo_user}`}`),
    field(
      'Clock',
      station.clock_synchronised === null
        ? 'not known whether synchronised'
        : `${station.clock_synchronised ? '' : 'not '}synchronised (${station.clock_seen_by})`,
    ),
    ...tools.map((tool) => ` ${visible(tool)}`),
    field('Signed by', signing.state === 'signed' ? `${signing.principal}, ${signing.fingerprint}` : 'NOT SIGNED'),
  ];
}

/** How a stranger checks the folder with stock tools. Lines of four spaces and `$ ` work in bash as they stand. */
export function verifyTextOf(report: Report, names: { readonly report: string; readonly signature: string }): string {
  const { signing } = report;
  const sums = [`    $ sha256sum --strict -c ${SUMS}`];
  if (signing.state === 'unsigned') {
    return ['THIS FOLDER IS NOT SIGNED. The command finds accidents, not a forger.', '', ...sums, ''].join('\n');
  }
  const verify = (file: string, signature: string): string =>
    `    $ ssh-keygen -Y verify -f ${ALLOWED_SIGNERS} -I ${shellQuote(signing.principal)} -n exhibit-blocker-test -s ${signature} < ${file}`;
  return [
    `${ALLOWED_SIGNERS} CAME WITH THIS FOLDER AND PROVES NOTHING ABOUT WHO SIGNED IT. Take the line of the signer's key`,
    'that you got some other way, or compare the fingerprint that ssh-keygen prints with the one you know.',
    '',
    verify(SUMS, SUMS_SIGNATURE),
    verify(names.report, names.signature),
    ...sums,
    '',
    'Or, with exhibit: exhibit-blocker-test verify FOLDER --signers FILE',
    '',
  ].join('\n');
}
