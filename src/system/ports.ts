import type { Clock } from './clock.ts';
import type { Files } from './files.ts';
import type { Commands } from './run-command.ts';
import type { OpenListener } from './listener.ts';
import type { ConnectSsh } from './ssh-link.ts';

/** The station the program runs on. */
export interface Host {
  readonly hostname: string;
  readonly kernel: string;
  readonly nodeVersion: string;
  /** The Node program itself, for child programs of our own. */
  readonly nodePath: string;
  readonly pid: number;
  readonly uid: number;
  readonly cores: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that holds package.json, profiles/, dist/. */
  readonly packageRoot: string;
  readonly toolVersion: string;
}

/** Everything of the world that a stage may touch. `cli/env.ts` alone makes the real ones. */
export interface Ports {
  readonly files: Files;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly host: Host;
  /** SSH spoken in this process. */
  readonly connectSsh: ConnectSsh;
  /** A port that others connect to. */
  readonly listen: OpenListener;
  /** Prefix for /sys, /proc and /dev, empty on a real station; tests lay out machines of their own below it. */
  readonly root: string;
}
