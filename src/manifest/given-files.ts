import { ExhibitError, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { OpenFile } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import type { CommandResult, RunOptions } from '../system/run-command.ts';

/** What a program shall read as a file though there is none, and what it is called in words to a person. */
export interface GivenFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** Inherited descriptors are the command's 3, 4, … */
const FIRST_DESCRIPTOR = 3;

/**
 * Runs a command that takes files, with bytes that we hold. It inherits each as an open file without a name, which it
 * opens again by the path in `argv`: nothing lies in the temporary folder, and nothing stays there when we are killed.
 * @param argv gets the paths, in the order of `given`
 */
export async function runGiven(
  ports: Ports,
  given: readonly GivenFile[],
  argv: (paths: readonly string[]) => readonly string[],
  options: Omit<RunOptions, 'inheritFds'> = {},
): Promise<CommandResult> {
  const open: OpenFile[] = [];
  try {
    for (const { content } of given) open.push(await makeNameless(ports, content));
    const paths = given.map((_, index) => `/proc/self/fd/${FIRST_DESCRIPTOR + index}`);
    const result = await ports.commands.run(argv(paths), { ...options, inheritFds: open.map(({ fd }) => fd) });
    const named = (words: string): string =>
      given.reduce((text, { name }, index) => text.replaceAll(paths[index] ?? '', name), words);
    return { ...result, stdout: named(result.stdout), stderr: named(result.stderr) };
  } finally {
    await Promise.all(open.map((file) => file.close()));
  }
}

async function makeNameless(ports: Ports, content: string | Uint8Array): Promise<OpenFile> {
  try {
    return await ports.files.nameless(content);
  } catch (cause) {
    throw new ExhibitError(
      'unexpected',
      'station.temporary',
      `No temporary file can be made: ${visible(messageOf(cause))}.`,
      { hint: 'Look at the folder that TMPDIR names, or at /tmp: is there room, may you write there?', cause },
    );
  }
}
