#!/usr/bin/env node
import { systemEnv } from './cli/env.ts';
import { run } from './cli/run.ts';

const argv = process.argv.slice(2);
process.exitCode = await run(argv, systemEnv(argv));
// A child that hangs in the kernel, or a pipe to it, must not keep us.
process.exit();
