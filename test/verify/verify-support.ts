import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { formatAllowedSigners } from '../../src/manifest/allowed-signers.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { VerifyReport } from '../../src/verify/report.ts';
import { verifyFolder, type VerifyOrder } from '../../src/verify/verify-folder.ts';
import { makeKey, signPorts, type MadeKey } from '../manifest/sign-support.ts';
import { makeEvidence, readManifestOf, SIGNER, type FolderSpec } from '../support/evidence-folder.ts';
import { remembered } from '../support/remembered.ts';
import { encodeManifest } from '../../src/manifest/encode.ts';

// Thousands of times the same: what a matrix of spoilt files has in common.
const ports = signPorts({}, { commands: remembered });

/** A place for folders, with a key and the signers file of an examiner who knows it. */
export interface Bench {
  readonly root: string;
  readonly key: MadeKey;
  readonly signers: string;
  /** Another key, for the same name. */
  readonly otherKey: MadeKey;
  make(spec?: Partial<FolderSpec>): string;
  /** A copy that a test may spoil. */
  copy(folder: string): string;
  remove(): void;
}

export function makeBench(): Bench {
  const root = mkdtempSync(join(tmpdir(), 'exhibit-verify-test-'));
  const key = makeKey(root, 'key', SIGNER);
  const otherKey = makeKey(root, 'other', SIGNER);
  const signers = join(root, 'signers');
  writeFileSync(signers, formatAllowedSigners(SIGNER, key.publicKey));
  const place = (): string => mkdtempSync(join(root, 'place-'));
  return {
    root,
    key,
    otherKey,
    signers,
    make: (spec = {}) => {
      const folder = makeEvidence({ parent: place(), key, ...spec });
      const parsed = parseManifest(encodeManifest(readManifestOf(folder)));
      assert.deepEqual(parsed.ok ? [] : parsed.faults, [], 'the helper makes manifests that keep the laws');
      return folder;
    },
    copy: (folder) => {
      const to = join(place(), basename(folder));
      cpSync(folder, to, { recursive: true, verbatimSymlinks: true });
      return to;
    },
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Verifies with nothing given but what `order` gives. */
export function verify(target: string, order: Partial<VerifyOrder> = {}): Promise<VerifyReport> {
  return verifyFolder(ports, {
    target,
    signersFile: null,
    seal: null,
    range: null,
    sample: null,
    stop: new AbortController().signal,
    ...order,
  });
}

/** Everything that did not go well, for messages of failed tests and for patterns. */
export function troubles(report: VerifyReport): string {
  return report.checks
    .filter((check) => check.status !== 'ok')
    .map((check) => `${check.status} ${check.name}: ${check.message}`)
    .join('\n');
}

/** Damaged ranges in short. */
export function ranges(report: VerifyReport): string[] {
  return report.damage.map(({ kind, start, end }) => `${kind} ${start}-${end}`);
}
