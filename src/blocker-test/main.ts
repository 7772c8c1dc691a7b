#!/usr/bin/env node
import { systemEnv } from '../cli/env.ts';
import { program } from './program.ts';

const argv = process.argv.slice(2);
process.exitCode = await program(argv, systemEnv(argv));
// A child that hangs in the kernel must not keep us.
process.exit();
