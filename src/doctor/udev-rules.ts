import { at } from '../discover/root.ts';
import { messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { ok, warning, type Examination } from './examination.ts';
import type { ProcessesSeen } from './processes.ts';
import { ruleFile, type RuleFile } from './rule-file.ts';

/** The rules that set new disks read-only, by their name in hardware/udev and in udev's folders. */
export const RULES = '00-exhibit-read-only.rules';
/** Disks that they leave alone, in the lab's own file. */
export const EXCEPTIONS = '00-exhibit-destinations.rules';
/** The rules do nothing before it is there: the station's own disks arrive while it boots. */
export const ARMED = '/run/exhibit-read-only';
/** What the rules run. */
export const RUNS = '/sbin/blockdev';

/** What was seen of them. A text in the place of an answer: why it is not known. */
export interface RulesSeen {
  readonly installed: RuleFile;
  readonly shipped: Buffer | string;
  readonly exceptions: RuleFile;
  readonly armed: boolean | string;
  readonly runnable: boolean | string;
}

export async function observeRules(ports: Ports): Promise<RulesSeen> {
  const { files, host } = ports;
  const [installed, exceptions, shipped, armed, runnable] = await Promise.all([
    ruleFile(ports, RULES),
    ruleFile(ports, EXCEPTIONS),
    files.readBytes(`${host.packageRoot}/hardware/udev/${RULES}`).catch(messageOf),
    files.statOrNull(at(ports, ARMED)).then((stat) => stat !== null, messageOf),
    files
      .statOrNull(ports.root + RUNS)
      .then((stat) => stat !== null && stat.isFile() && (stat.mode & 0o100) !== 0, messageOf),
  ]);
  return { installed, shipped, exceptions, armed, runnable };
}

/** Whether udev would act by them on a disk that arrives now, if it runs. */
export function inPlace(seen: RulesSeen): boolean {
  return judgeFile(seen).state === 'ok' && seen.armed === true && seen.runnable === true;
}

/** The rules, what they wait for, what they run, and who runs them. */
export function judgeRules(seen: RulesSeen, processes: ProcessesSeen): Examination[] {
  const file = judgeFile(seen);
  if (seen.installed.state === 'absent') return [file];
  return [file, judgeArmed(seen.armed), judgeProgram(seen.runnable), judgeDaemon(processes)];
}

const WHAT = 'read-only rules';
const INSTALL = 'Its first lines say how it is installed: hardware/udev/';

function judgeFile({ installed, shipped, exceptions }: RulesSeen): Examination {
  const advice = `${INSTALL}${RULES}`;
  switch (installed.state) {
    case 'absent':
      return warning(WHAT, `not in place: udev has no ${RULES}; new disks stay as the kernel makes them`, advice);
    case 'masked':
      return warning(
        WHAT,
        `not in place: ${installed.path} is empty or a link to /dev/null, which switches them off`,
        advice,
      );
    case 'unreadable':
      return warning(WHAT, `not known whether they are in place: ${installed.path}: ${installed.why}`, advice);
    case 'file':
  }
  if (typeof shipped === 'string') {
    return warning(
      WHAT,
      `not known whether ${installed.path} is in order: exhibit's own can't be read: ${shipped}`,
      null,
    );
  }
  if (!installed.content.equals(shipped)) {
    const found = `${installed.path} differs from exhibit's: what it does is not known`;
    return warning(WHAT, found, `Disks of your own belong into ${EXCEPTIONS}. ${advice}`);
  }
  const open =
    exceptions.state === 'file' || exceptions.state === 'unreadable' ? `, except those of ${exceptions.path}` : '';
  return ok(
    WHAT,
    `in place: ${installed.path}, for disks plugged in from now on${open}; those that are there already stay as they are`,
  );
}

function judgeArmed(armed: boolean | string): Examination {
  const what = 'rules armed';
  if (armed === true) return ok(what, ARMED);
  const found = armed === false ? `no: ${ARMED} is not there, and they do nothing without it` : `not known: ${armed}`;
  return warning(what, found, `${INSTALL}${RULES}`);
}

function judgeProgram(runnable: boolean | string): Examination {
  const what = 'rules run';
  if (runnable === true) return ok(what, RUNS);
  const found = runnable === false ? `${RUNS} is no program here: they set nothing` : `not known: ${runnable}`;
  return warning(what, found, `Is util-linux installed? If blockdev lies elsewhere: a link at ${RUNS}`);
}

function judgeDaemon({ running, blind }: ProcessesSeen): Examination {
  const what = 'udev';
  const name = ['systemd-udevd', 'udevd'].find((each) => running.has(each));
  if (name !== undefined) return ok(what, `${name} is running`);
  if (blind !== null) return warning(what, `not known whether it is running: ${blind}`, null);
  return warning(what, 'not running: no rules act', 'sudo systemctl start systemd-udevd');
}
