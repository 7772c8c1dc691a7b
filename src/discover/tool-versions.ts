import type { CommandResult, Commands } from '../system/run-command.ts';

/** A program and the word that makes it tell its version. */
export type VersionQuestion = readonly [program: string, word: string];

/** First line of what each said, in the order asked; null: not installed, it failed, or it said nothing. */
export type Versions = readonly (string | null)[];

type Answer = Pick<CommandResult, 'exit' | 'stdout' | 'stderr'>;

const PATIENCE = { timeoutMs: 10_000 };
/** For all of them, which take milliseconds: one that hangs must not be waited for twice as long. */
const TOGETHER = { timeoutMs: 3000 };
/** Behind each: a NUL, its exit status and a NUL; on standard error a NUL. */
const ASK_EACH = String.raw`while [ $# -gt 1 ]; do "$1" "$2"; printf '\0%s\0' "$?"; printf '\0' >&2; shift 2; done`;

/**
 * Asks programs for their versions. One shell starts them all: to start a dozen ourselves costs a tenth of a second of
 * the processor [measured]. If it does not tell of every one of them, each is asked by itself, with a time limit of its own.
 */
export async function versionsOf(commands: Commands, questions: readonly VersionQuestion[]): Promise<Versions> {
  const there = questions.filter(([program]) => commands.which(program) !== null);
  const answers = (await together(commands, there)) ?? (await oneByOne(commands, there));
  const said = new Map(there.map((question, n) => [question, versionIn(answers[n])]));
  return questions.map((question) => said.get(question) ?? null);
}

/** Null: it is not known of each how it ended and what it said. */
async function together(commands: Commands, questions: readonly VersionQuestion[]): Promise<Answer[] | null> {
  if (commands.which('sh') === null) return null;
  const words = questions.flatMap(([program, word]) => [commands.which(program) ?? program, word]);
  const { exit, stdout, stderr } = await commands.run(['sh', '-c', ASK_EACH, 'sh', ...words], TOGETHER);
  const out = stdout.split('\0');
  const err = stderr.split('\0');
  if (exit !== 0 || out.length !== words.length + 1 || err.length !== questions.length + 1) return null;
  return questions.map((_, n) => ({ exit: Number(out[2 * n + 1]), stdout: out[2 * n] ?? '', stderr: err[n] ?? '' }));
}

function oneByOne(commands: Commands, questions: readonly VersionQuestion[]): Promise<Answer[]> {
  return Promise.all(questions.map((question) => commands.run(question, PATIENCE)));
}

/** sg_modes and ssh say it on standard error. */
function versionIn(answer: Answer | undefined): string | null {
  return answer?.exit === 0 ? (firstLine(answer.stdout) ?? firstLine(answer.stderr)) : null;
}

/** Of what a program said; null: nothing. */
export function firstLine(text: string): string | null {
  const line = text.split('\n', 1)[0]?.trim().toWellFormed() ?? '';
  return line === '' ? null : line;
}
