#!/usr/bin/env node
const { start } = await import('./start.ts');

process.exitCode = await start(process.argv.slice(2));
// A child that hangs in the kernel must not keep us.
process.exit();
