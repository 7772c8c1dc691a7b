import { bug } from '../model/errors.ts';
import type { Asked, Put } from './file-agent.ts';

/** An answer that is there, or on its way; used: it was asked for in this look, and will be in the next. */
interface Known extends Put {
  used: boolean;
}

/** Nobody answered: the question may be put again. */
export class Unanswered extends Error {
  readonly code = 'EIO';

  constructor(what: string, why: string) {
    super(`EIO: ${why}, ${what}`);
  }
}

/**
 * What was asked in one look at a machine: within it nothing is asked twice, and what the look before it asked is asked
 * all at once when it begins, for each answer takes as long as the way there and back. No answer outlives its look.
 */
export class LookCache {
  readonly #putAll: (all: readonly Asked[]) => Promise<readonly Put[]>;
  /** What was asked in the look that goes on, and its answers; null: none does. */
  #look: Map<string, Known> | null = null;
  /** What the look before it asked. */
  #learned: readonly Asked[] = [];

  /** @param putAll puts questions to the machine, in one go; rejects when they could not be put */
  constructor(putAll: (all: readonly Asked[]) => Promise<readonly Put[]>) {
    this.#putAll = putAll;
  }

  /** Work that looks at the machine once. One look within another is a part of it. */
  async look<T>(work: () => Promise<T>): Promise<T> {
    if (this.#look !== null) return work();
    const look = (this.#look = new Map<string, Known>());
    try {
      if (this.#learned.length > 0)
        for (const put of await this.#putAll(this.#learned)) look.set(keyOf(put), { ...put, used: false });
      return await work();
    } finally {
      this.#learned = [...look.values()].filter(({ used }) => used);
      this.#look = null;
    }
  }

  ask(asked: Asked): Promise<Buffer> {
    // To open a device is no look at it.
    if (this.#look === null || asked.question === 'open') return this.#put(asked);
    const known = this.#look.get(keyOf(asked));
    if (known !== undefined) {
      known.used = true;
      return known.answer.catch((error: unknown) => {
        if (error instanceof Unanswered) return this.#put(asked);
        throw error;
      });
    }
    const answer = this.#put(asked);
    this.#look.set(keyOf(asked), { ...asked, answer, used: true });
    return answer;
  }

  async #put(asked: Asked): Promise<Buffer> {
    const [only] = await this.#putAll([asked]);
    if (only === undefined) throw bug('a question that was not put');
    return only.answer;
  }
}

function keyOf({ question, path }: Asked): string {
  return `${question} ${path}`;
}
