#!/usr/bin/env node
import { systemEnv } from './cli/env.ts';
import { run } from './cli/run.ts';

process.exitCode = await run(process.argv.slice(2), systemEnv());
// A child that hangs in the kernel, or a pipe to it, must not keep us.
process.exit();
