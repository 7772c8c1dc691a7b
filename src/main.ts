#!/usr/bin/env node
import { start } from './cli/start.ts';

process.exitCode = await start(process.argv.slice(2), process.env);
// A child that hangs in the kernel, or a pipe to it, must not keep us.
process.exit();
