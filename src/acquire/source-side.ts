import { findSource } from '../discover/source.ts';
import type { SourceFacts } from '../model/plan.ts';
import type { Ports } from '../system/ports.ts';

/** Where a source is looked at: whoever asks for its files, its commands and its numbers asks these ports. */
export interface SourceSide {
  readonly ports: Ports;
}

/** Looks for a source at its path, on its side. Errors are `findSource`'s. */
export async function lookFor({ ports }: SourceSide, { path }: SourceFacts): Promise<SourceFacts> {
  return findSource(ports, path);
}
