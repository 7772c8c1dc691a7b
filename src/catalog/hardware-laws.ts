import type { Blocks, EvidenceClaim, HardwareRole, Quirk } from '../model/hardware.ts';

/** What the laws look at. */
interface Judged {
  readonly role: HardwareRole;
  readonly blocks: Blocks;
  readonly match: readonly {
    readonly usb: string;
    readonly 'inquiry-vendor'?: string | undefined;
    readonly 'inquiry-product'?: string | undefined;
  }[];
  readonly quirks: readonly Quirk[];
  readonly evidence: readonly { readonly claims: readonly EvidenceClaim[] }[];
}

interface LawFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Law = (entry: Judged) => LawFault[];

/** Guidance Software, who own Tableau: nobody else's device may be sent Tableau's query. */
const TABLEAU_VENDOR = '13d7';

/** What no schema of single fields can say of an entry; all faults. */
export function entryFaults(entry: Judged): LawFault[] {
  return LAWS.flatMap((law) => law(entry));
}

const roleAndBlocks: Law = ({ role, blocks }) => {
  if (role === 'bridge' && (blocks === 'always' || blocks === 'switch'))
    return [
      {
        path: ['blocks'],
        message: `is ${blocks}, but a bridge blocks never or unknown: what blocks is a write-blocker`,
      },
    ];
  if (role === 'write-blocker' && blocks === 'never')
    return [{ path: ['blocks'], message: 'is never, but the role is write-blocker' }];
  return [];
};

/** A vendor makes docks as well as blockers: only a product can be called a blocker. */
const blockersByProduct: Law = ({ role, match }) =>
  match.flatMap(({ usb }, index) =>
    role === 'write-blocker' && usb.endsWith(':*')
      ? [
          {
            path: ['match', index, 'usb'],
            message: 'names every product of a vendor: a write-blocker is named by its own id',
          },
        ]
      : [],
  );

/** A bridge may pass on what the disk calls itself, and no disk must be able to name its own blocker. */
const blockersById: Law = ({ role, match }) =>
  match.flatMap((each, index) =>
    role === 'write-blocker' && (each['inquiry-vendor'] ?? each['inquiry-product']) !== undefined
      ? [
          {
            path: ['match', index],
            message: "rests on INQUIRY strings, which may be the disk's own: a write-blocker is told by its USB id",
          },
        ]
      : [],
  );

/** Likewise nobody has looked at everything that a vendor makes. */
const vendorWideIsUnknown: Law = ({ role, blocks, match }) =>
  role === 'bridge' && blocks !== 'unknown' && match.some(({ usb }) => usb.endsWith(':*'))
    ? [{ path: ['blocks'], message: `is ${blocks} of every product of a vendor: that can only be unknown` }]
    : [];

const sources: Law = ({ blocks, quirks, evidence }) => {
  const claimed = new Set(evidence.flatMap(({ claims }) => claims));
  const needs = (claim: EvidenceClaim, what: string): LawFault[] =>
    claimed.has(claim) ? [] : [{ path: ['evidence'], message: `has no source that claims ${claim}: ${what}` }];
  return [
    ...needs('identity', 'who says that this id is this device?'),
    ...(blocks === 'always' || blocks === 'switch' ? needs('blocking', `who says that it blocks: ${blocks}?`) : []),
    ...(quirks.length > 0 ? needs('quirks', 'who says that it has them?') : []),
  ];
};

const tableauOnly: Law = ({ quirks, match }) =>
  quirks.includes('tableau-query') && match.some(({ usb }) => !usb.startsWith(`${TABLEAU_VENDOR}:`))
    ? [{ path: ['quirks'], message: `tableau-query goes only to vendor ${TABLEAU_VENDOR}` }]
    : [];

const eachOnce: Law = ({ quirks, match }) => [
  ...repeated(quirks).map((quirk) => ({ path: ['quirks'], message: `names ${quirk} twice` })),
  ...repeated(match.map((each) => JSON.stringify(each))).map(() => ({
    path: ['match'],
    message: 'holds the same match twice',
  })),
];

const LAWS: readonly Law[] = [
  roleAndBlocks,
  blockersByProduct,
  blockersById,
  vendorWideIsUnknown,
  sources,
  tableauOnly,
  eachOnce,
];

function repeated<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
