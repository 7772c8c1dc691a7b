import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { UnderWay } from './exhibit.ts';

/** Where a job is held up: a program that it calls waits there until the gate is opened. */
export type Place =
  /** dd has delivered 4 MiB of the source. */
  | 'read'
  /** The same, when the source is read a second time. */
  | 'second-read'
  /** The image is about to be read back. */
  | 'read-back'
  /** Everything is planned, nothing is touched. */
  | 'trial-signature'
  | 'manifest-signature'
  | 'sums-signature';

const SIGNATURES: readonly Place[] = ['trial-signature', 'manifest-signature', 'sums-signature'];
const FIRST_BYTES = 4 * 1024 * 1024;

/** Programs of the station, each behind a door: makes "in the middle of" a place, not a matter of luck. */
export class Gate {
  readonly env: { readonly PATH: string };
  readonly #folder: string;
  readonly #path: string;

  /** @param path where the programs behind the door are looked for: another gate's, for one more place */
  constructor(folder: string, place: Place, path = process.env['PATH'] ?? '') {
    this.#path = path;
    this.#folder = join(folder, `gate-${place}`);
    mkdirSync(this.#folder);
    this.#write('dd', ddScript(place));
    this.#write('ssh-keygen', keygenScript(SIGNATURES.indexOf(place) + 1));
    this.env = { PATH: `${this.#folder}:${path}` };
  }

  get reached(): boolean {
    return existsSync(join(this.#folder, 'reached'));
  }

  /** Waits until the job stands at the gate. */
  async atGate(running: UnderWay): Promise<void> {
    await running.until(() => this.reached, 'it reached the gate');
  }

  open(): void {
    writeFileSync(join(this.#folder, 'open'), '');
  }

  /** Waits until the job stands at the gate, does something, and lets it go on. */
  async meanwhile(running: UnderWay, act: () => unknown): Promise<void> {
    await this.atGate(running);
    // What dd has delivered before the gate is on its way to the image.
    await pause(100);
    await act();
    this.open();
  }

  /** Makes room for the next gate at the same place. */
  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #write(name: string, body: string): void {
    const env = { ...process.env, PATH: this.#path };
    const real = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8', env }).stdout.trim();
    const text = `#!/bin/bash
set -o pipefail
real='${real}'
at='${this.#folder}'
hold() { touch "$at/reached"; until [ -e "$at/open" ]; do [ -d "$at" ] || exit 1; sleep 0.02; done; }
is() { local n=$(($(cat "$at/$1" 2>/dev/null || echo 0) + 1)); echo $n >"$at/$1"; [ $n = "$2" ]; }
${body}
exec "$real" "$@"
`;
    writeFileSync(join(this.#folder, name), text, { mode: 0o755 });
  }
}

function ddScript(place: Place): string {
  const run = place === 'read' ? 1 : place === 'second-read' ? 2 : 0;
  const held = `if is reads ${run}; then "$real" "$@" | { head -c ${FIRST_BYTES}; hold; cat; }; exit; fi`;
  const readBack = place === 'read-back' ? 'hold' : ':';
  return `case "$*" in *--version*) ;; *nocache*) ${readBack} ;; *) ${held} ;; esac`;
}

function keygenScript(nth: number): string {
  return `case "$*" in *'-Y sign'*) if is signatures ${nth}; then hold; fi ;; esac`;
}
