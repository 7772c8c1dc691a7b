import { canContinue } from '../../hash/engines.ts';
import type { StreamState } from '../../model/checkpoint.ts';
import type { Algorithm, EngineDecision } from '../../model/digest.ts';
import type { Settings } from '../../model/request.ts';
import type { ReadingState } from '../../manifest/reading-state.ts';

/** The saved states that this program can go on from: those of its own hash-wasm, of what is to be hashed. */
export async function usableStates(
  { states }: Pick<ReadingState, 'states'>,
  hashes: readonly Algorithm[],
): Promise<StreamState[]> {
  const usable: StreamState[] = [];
  for (const state of states) if (hashes.includes(state.algorithm) && (await canContinue(state))) usable.push(state);
  return usable;
}

/**
 * The engines of a session that goes on: a hash whose state can be loaded stays with hash-wasm; any other is hashed from
 * the image anew, by the faster engine unless one was asked for. Null: none was chosen before.
 */
export function continueEngines(
  before: readonly EngineDecision[],
  { engine: asked, hashes }: Pick<Settings, 'engine' | 'hashes'>,
  states: readonly StreamState[],
): readonly EngineDecision[] | null {
  const decisions = hashes.map((algorithm) => before.find((decision) => decision.algorithm === algorithm));
  if (decisions.some((decision) => decision === undefined)) return null;
  return decisions.flatMap((decision) => {
    if (decision === undefined) return [];
    const continues = states.some(({ algorithm }) => algorithm === decision.algorithm);
    if (decision.engine === 'native' || continues || asked !== 'auto') return [decision];
    return [
      {
        ...decision,
        engine: 'native' as const,
        why: `${decision.why}; resumed without a state that this program can load`,
      },
    ];
  });
}
