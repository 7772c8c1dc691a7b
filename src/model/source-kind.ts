/** Where a source is: here, on this station; on another machine, and read over SSH; or sent by another machine. */
export type SourceKind = 'here' | 'ssh' | 'listen';

const SCHEME = /^(ssh|listen):\/\//i;

/** By its name as it was typed: an address of either kind is no path of this station. */
export function sourceKind(text: string): SourceKind {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  return scheme === 'ssh' || scheme === 'listen' ? scheme : 'here';
}
