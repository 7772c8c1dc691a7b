import type { Asker } from '../remote/credentials.ts';

/** What was typed to be let in, kept in memory until the job ends: a link that was lost comes back without a question. */
export interface RememberedAnswers {
  /** For one connection: before {@link RememberedAnswers.keep} it asks, then it gives each answer once. */
  asker(): Asker;
  /** We are in: nobody is asked any more, for the screen shows a job by then. */
  keep(): void;
}

export function remembering(asker: Asker): RememberedAnswers {
  const answers = new Map<string, string>();
  let kept = false;
  const asking =
    (ask: (question: string) => Promise<string | null>) =>
    async (question: string): Promise<string | null> => {
      const answer = await ask(question);
      if (answer !== null) answers.set(question, answer);
      return answer;
    };
  const giving = (): Asker => {
    const left = new Map(answers);
    const give = (question: string): Promise<string | null> => {
      const answer = left.get(question) ?? null;
      left.delete(question);
      return Promise.resolve(answer);
    };
    return { canAsk: asker.canAsk, ask: give, askSecret: give };
  };
  return {
    asker: () =>
      kept
        ? giving()
        : {
            canAsk: asker.canAsk,
            ask: asking((question) => asker.ask(question)),
            askSecret: asking((question) => asker.askSecret(question)),
          },
    keep: () => {
      kept = true;
    },
  };
}
