import type { Fault } from '../model/errors.ts';
import type { Finding, PlanFacts } from '../model/plan.ts';

/** Looks at the facts and says what it has to say. Rules don't know of each other: all of them are asked, all answers shown. */
export type Rule = (facts: PlanFacts) => Finding[];

export function refusal(fault: Fault, code: string, message: string, hint: string): Finding {
  return { level: 'refusal', code, fault, message, hint };
}

export function warning(fault: Fault, code: string, message: string): Finding {
  return { level: 'warning', code, fault, message };
}

export function note(code: string, message: string): Finding {
  return { level: 'note', code, fault: 'usage', message };
}
