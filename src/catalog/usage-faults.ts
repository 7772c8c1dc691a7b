import { ExhibitError } from '../model/errors.ts';

interface UsageFault {
  readonly message: string;
  readonly hint: string | undefined;
}

/** Collects what is wrong with a command line, so that all of it is told at once. */
export class UsageFaults {
  readonly #faults: UsageFault[] = [];

  add(message: string, hint?: string): void {
    this.#faults.push({ message, hint });
  }

  /** Runs a parser; its usage error becomes one of the faults, and the fallback stands in for the value. */
  attempt<T>(parse: () => T, fallback: T): T {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof ExhibitError) || error.fault !== 'usage') throw error;
      this.add(error.message, error.hint);
      return fallback;
    }
  }

  /** @throws ExhibitError `usage.request`, one fault a line, when there was any */
  throwIfAny(): void {
    const [first] = this.#faults;
    if (first === undefined) return;
    if (this.#faults.length === 1) {
      throw new ExhibitError(
        'usage',
        'usage.request',
        first.message,
        first.hint === undefined ? {} : { hint: first.hint },
      );
    }
    const lines = this.#faults.map(({ message, hint }) => `- ${message}${hint === undefined ? '' : ` ${hint}`}`);
    throw new ExhibitError(
      'usage',
      'usage.request',
      `${this.#faults.length} faults in the request:\n${lines.join('\n')}`,
    );
  }
}
