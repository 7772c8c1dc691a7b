import type { Fault } from '../model/errors.ts';
import type { Finding, PlanFacts } from '../model/plan.ts';
import type { AcquireRequest, Settings } from '../model/request.ts';
import { visible } from '../model/text.ts';

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

/** How what a setting asks for is taken back, by where it was asked for: half a sentence, for a disk of another machine. */
export function takeBack({ origins, profile }: AcquireRequest, setting: keyof Settings, option: string): string {
  if (origins[setting] === 'command-line') return `Leave ${option} out`;
  return `The profile "${visible(profile.name)}" asks for it: name another one (--profile remote-live)`;
}
