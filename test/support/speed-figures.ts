import type { FileSystemIdentity, SpeedFigures, StationIdentity } from '../../src/model/speed.ts';

const MB = 1_000_000;

export const STATION: StationIdentity = {
  hostname: 'bench',
  cpu: 'Some CPU',
  cores: 2,
  node: 'v20.19.0',
  hashWasm: '4',
};

export const FILE_SYSTEM: FileSystemIdentity = {
  fileSystem: 'ext4',
  mountSource: '/dev/sdy1',
  mountPoint: '/evidence',
  uuid: '1b2c',
  fsid: 'abcd',
};

/** As measured on a station of a test's own. */
export function figures(change: Partial<SpeedFigures> = {}): SpeedFigures {
  return {
    measuredAt: '2026-03-01T09:15:00.000Z',
    station: STATION,
    destination: FILE_SYSTEM,
    writing: { bytes: 300 * MB, milliseconds: 3000, bytesPerSecond: 100 * MB },
    alone: {
      native: { md5: 600 * MB, sha1: 900 * MB, sha256: 800 * MB, sha512: 400 * MB },
      wasm: { md5: 400 * MB, sha1: 300 * MB, sha256: 200 * MB, sha512: 100 * MB },
    },
    together: { hashes: ['md5', 'sha256'], spanLanes: 1, native: 300 * MB, wasm: 90 * MB },
    ...change,
  };
}
