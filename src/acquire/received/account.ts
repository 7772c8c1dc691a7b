import type { Emit } from '../../model/event.ts';
import type { AdmittedStream, Caller, ListenRequest, ReceivedStream, RefusedCaller } from '../../model/listen.ts';
import { groupDigits } from '../../model/size.ts';
import { visible } from '../../model/text.ts';
import { invitationText, variantsOf, type Invitation } from '../../listen/command.ts';
import { hashOf } from '../../manifest/received-account.ts';
import { hashWords } from '../../manifest/report-received.ts';
import type { Journal, JournalData } from '../../manifest/journal.ts';

/** What one session shows, lets in and refuses at its port, said and put on record. */
export class ReceivedAccount {
  readonly #request: ListenRequest;
  #journal: Journal | null = null;
  #emit: Emit = () => undefined;
  readonly #refused: RefusedCaller[] = [];
  #countRefused = (): number => 0;
  #told = 0;
  #telling: Promise<void> = Promise.resolve();
  /** How a stream ended, where it could not be put on record. */
  #unrecorded: JournalData | null = null;

  constructor(request: ListenRequest) {
    this.#request = request;
  }

  /** @param refused how many connections were refused by now: the door counts them, told of or not */
  opened(refused: () => number): void {
    this.#countRefused = refused;
  }

  /** From here on there is a record, and somebody who looks. */
  begin(journal: Journal, emit: Emit): void {
    this.#journal = journal;
    this.#emit = emit;
  }

  async invite(invitation: Invitation): Promise<void> {
    const { host, port, offset, tls } = invitation;
    const commands = variantsOf(invitation);
    await this.#append('listening', {
      address: host,
      port,
      fingerprint: tls?.fingerprint ?? null,
      allowed: [...this.#request.allowed],
      offset,
      variants: [...new Set(commands.map(({ name }) => name))],
    });
    const fingerprint = tls?.fingerprint ?? null;
    this.#emit({ type: 'invitation', host, port, offset, fingerprint, commands, text: invitationText(invitation) });
  }

  async admitted({ offset, tells, ...caller }: AdmittedStream): Promise<void> {
    await this.tell();
    await this.#append('stream-admitted', { ...callerSection(caller), offset, tells });
    const hash = tells ? '; it will tell the hash of what it sent' : '';
    const message = `${placeOf(caller)} sends the disk from byte ${groupDigits(offset)} on${hash}.`;
    this.#emit({ type: 'note', level: 'info', code: 'listen.admitted', message });
  }

  /** On disk when this resolves: until then nothing may come of how a stream ended. */
  async received({ tells, received, end, told, sha256 }: ReceivedStream): Promise<void> {
    const ended = { received, end, told: told && { exit: told.exit, sha256: told.sha256, bytes: told.bytes }, sha256 };
    await this.#appendEnd(ended);
    const hash = hashOf({ tells, ended });
    const level = hash === 'confirmed' ? 'info' : 'warning';
    const message = `The stream ended (${end}) after ${groupDigits(received)} bytes: ${hashWords({ hash, ended })}.`;
    this.#emit({ type: 'note', level, code: 'listen.ended', message });
  }

  refused(caller: RefusedCaller): void {
    this.#refused.push(caller);
    const message = `${placeOf(caller)} was not let in: ${caller.refusal}.`;
    this.#emit({ type: 'note', level: 'warning', code: 'listen.refused', message });
    // What keeps it from being written is told by the next record that has to be.
    this.tell().catch(() => undefined);
  }

  /** Appends what could not be before, and the refused ones that are new since the last time; nothing when none is. */
  tell(): Promise<void> {
    // A refusal tells, and so does the next record: nothing is told twice.
    const telling = this.#telling.then(() => this.#tellAll());
    this.#telling = telling.catch(() => undefined);
    return telling;
  }

  async #tellAll(): Promise<void> {
    await this.#tellEnd();
    const count = this.#countRefused();
    if (this.#journal === null || (count === this.#told && this.#refused.length === 0)) return;
    const connections = this.#refused.map(({ refusal, said, ...caller }) => ({
      ...callerSection(caller),
      refusal,
      said,
    }));
    await this.#append('stream-refused', { count, connections });
    this.#told = count;
    this.#refused.splice(0, connections.length);
  }

  async #tellEnd(): Promise<void> {
    const ended = this.#unrecorded;
    this.#unrecorded = null;
    if (ended !== null) await this.#appendEnd(ended);
  }

  /** On a destination that is full it gets its place when the reserve is given back. */
  async #appendEnd(ended: JournalData): Promise<void> {
    await this.#append('stream-ended', ended).catch((error: unknown) => {
      this.#unrecorded = ended;
      throw error;
    });
  }

  async #append(type: string, data: JournalData): Promise<void> {
    await this.#journal?.append(type, data);
  }
}

function callerSection({ address, port, at, tls }: Caller) {
  return { address, port, at, tls: tls === null ? null : { protocol: tls.protocol, cipher: tls.cipher } };
}

function placeOf({ address, port }: Caller): string {
  return `${visible(address)} port ${port}`;
}
