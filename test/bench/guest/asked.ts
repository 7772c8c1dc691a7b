import type { VerdictName } from '../../../src/model/verdict.ts';
import { jsonLines, type Desk } from '../../support/exhibit.ts';
import type { Bench } from './bench.ts';

/** Of a fact as `--json` writes it: what is known, or why nothing is. */
export interface Told<T> {
  readonly value?: T;
  readonly why?: string;
}

/** What a plan says of a disk that was asked, in short. */
export interface Asked {
  readonly code: number | null;
  /** Of the first refusal; null: none. */
  readonly refused: string | null;
  /** Null: refused. */
  readonly verdict: VerdictName | null;
  /** What is said to a person. */
  readonly said: string;
  readonly declared: Told<{ readonly write_protected: boolean }>;
  readonly vendor: Told<object>;
  readonly hpa: Told<{ readonly visible: number; readonly native: number }>;
  readonly dco: Told<object>;
  /** The programs that asked it. */
  readonly programs: readonly string[];
}

interface Planned {
  readonly code?: string;
  readonly plan?: {
    readonly verdict: { readonly name: VerdictName };
    readonly protection: {
      readonly guard: Pick<Asked, 'declared' | 'vendor'>;
      readonly probes: Pick<Asked, 'hpa' | 'dco'> & { readonly runs: readonly { readonly argv: readonly string[] }[] };
    };
  };
}

const NOTHING: Told<never> = { why: 'refused' };

/** Plans an acquisition of a disk: for that it is asked. */
export async function ask(bench: Bench, desk: Desk, node: string, serial: string, ...more: string[]): Promise<Asked> {
  const sure = ['--dry-run', '--json', '--unsigned', '--yes', '--label-serial', serial];
  const { code, stdout, stderr } = await bench.exhibit(desk.acquire(node, ...sure, ...more));
  const { plan, code: refused } = jsonLines(stdout).at(-1) as Planned;
  const { guard, probes } = plan?.protection ?? {};
  return {
    code,
    refused: refused ?? null,
    verdict: plan?.verdict.name ?? null,
    said: stderr,
    declared: guard?.declared ?? NOTHING,
    vendor: guard?.vendor ?? NOTHING,
    hpa: probes?.hpa ?? NOTHING,
    dco: probes?.dco ?? NOTHING,
    programs: [...new Set((probes?.runs ?? []).map(({ argv }) => argv[0] ?? ''))],
  };
}
