import { nothingCrossed } from '../../src/manifest/remote-schema.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import type { ManifestStart } from '../../src/manifest/start.ts';

/** What was known of a manifest's acquisition before the first byte was read: the data of a journal's first record. */
export function startOf(manifest: Manifest): ManifestStart {
  const { tool, case: info, label, source, guard, probes, destination, station, image } = manifest;
  const { started, profile, settings, setting_origins, overrides, confirmation, reader, findings } =
    manifest.acquisition;
  return {
    space_needed: 0,
    stem: manifest.pieces.file.replace('.pieces.sha256', ''),
    size: source.size,
    segments: image.segments.map(({ name, offset, size }) => ({
      name: name.replace('.partial', ''),
      offset,
      length: size,
    })),
    head: {
      tool,
      case: info,
      label,
      source: { ...source, identity_after: null, remote: remoteBegun(source.remote) },
      guard: { ...guard, evidence_after: [], counters_after: null },
      probes: { ...probes, runs_after: [] },
      destination,
      station: { ...station, clock: { ...station.clock, disturbances: [] } },
      acquisition: {
        started,
        profile,
        settings,
        setting_origins,
        overrides,
        confirmation,
        reader: { ...reader, run_count: 0, runs: [] },
        findings,
      },
    },
  };
}

/** Of a source on another machine: nothing came yet, and no connection is told. */
function remoteBegun(remote: Manifest['source']['remote']): Manifest['source']['remote'] {
  if (remote === null) return null;
  return {
    ...remote,
    reproducible: 'no',
    connections: [],
    footprint: { run_count: 0, runs: [] },
    proof: { told_by: 'target', ...nothingCrossed() },
    second_pass: null,
  };
}
