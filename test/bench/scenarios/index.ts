import type { Scenario } from '../scenario.ts';
import { acquireScenarios } from './acquire.ts';
import { blockerTestScenarios } from './blocker-test.ts';
import { damagedScenarios } from './damaged.ts';
import { deviceScenarios } from './devices.ts';
import { goesAwayScenarios } from './goes-away.ts';
import { middleScenarios } from './middle.ts';
import { udevScenarios } from './udev.ts';
import { verdictScenarios } from './verdicts.ts';

/**
 * Everything that happens on the virtual bench, in this order, in two machines beside each other that take about the same
 * time. A new scenario goes into one of these lists.
 */
export const MACHINES: readonly (readonly Scenario[])[] = [
  [...deviceScenarios, ...verdictScenarios, ...acquireScenarios, ...damagedScenarios],
  [...udevScenarios, ...middleScenarios, ...goesAwayScenarios, ...blockerTestScenarios],
];
