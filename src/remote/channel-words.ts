/** What the loop over there tells of itself and of its orders, as it comes. */
export interface Heard {
  /** It said everything of itself. */
  greeted(): void;
  /** An order was carried out. */
  told(id: number, lines: readonly string[]): void;
  /** An order was not: one before it failed. */
  skipped(id: number): void;
}

/** Characters that are kept of what others say there. */
const KEPT = 4000;
/** Characters of a line, and lines of one order: what reads and hashes says a few dozen. */
const MOST_LETTERS = 65_536;
const MOST_LINES = 1000;

/** Reads what comes on standard error: lines that begin with our word are the loop's, between `a` and `z` stand its programs'. */
export class ChannelWords {
  readonly #word: string;
  readonly #heard: Heard;
  readonly #said = new Map<string, string>();
  #line = '';
  #lines: string[] | null = null;
  #others = '';

  constructor(word: string, heard: Heard) {
    this.#word = word;
    this.#heard = heard;
  }

  /** What the loop said of itself, by its first word. */
  get said(): ReadonlyMap<string, string> {
    return this.#said;
  }

  /** The end of what others said; untrusted. */
  get others(): string {
    return this.#others;
  }

  /** `word`: something of it was the loop's own; `too-much`: nothing that reads a disk says so much. */
  hear(part: Buffer): 'word' | 'other' | 'too-much' {
    const lines = (this.#line + part.toString('latin1')).split('\n');
    this.#line = lines.pop() ?? '';
    const own = lines.map((line) => this.#hearLine(line));
    if (this.#line.length > MOST_LETTERS || (this.#lines?.length ?? 0) > MOST_LINES) return 'too-much';
    return own.includes(true) ? 'word' : 'other';
  }

  #hearLine(line: string): boolean {
    if (!line.startsWith(`${this.#word} `)) {
      if (this.#lines !== null) this.#lines.push(line);
      else this.#others = `${this.#others}${line}\n`.slice(-KEPT);
      return false;
    }
    const [, what = '', ...rest] = line.split(' ');
    if (what === 'a') this.#lines = [];
    else if (what === 'z') {
      this.#heard.told(Number(rest[0]), this.#lines ?? []);
      this.#lines = null;
    } else if (what === 's') this.#heard.skipped(Number(rest[0]));
    else if (this.#said.size < MOST_LINES) this.#said.set(what, rest.join(' '));
    if (what === 'hello') this.#heard.greeted();
    return true;
  }
}
