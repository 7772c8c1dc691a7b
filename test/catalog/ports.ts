import type { Host } from '../../src/system/ports.ts';
import { systemFiles, type Files } from '../../src/system/files.ts';
import { packageRoot } from '../support/root.ts';

/** The real file system, and a host whose package is this one. */
export const catalogPorts: { readonly files: Files; readonly host: Host } = {
  files: systemFiles,
  host: {
    hostname: 'bench',
    kernel: '6.1.0',
    nodeVersion: 'v20.19.0',
    nodePath: process.execPath,
    pid: 1,
    uid: 0,
    cores: 2,
    env: {},
    packageRoot,
    toolVersion: '0.0.0',
  },
};
