import { errnoOf, messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';

/** Where udev reads rules, strongest first: of several files of one name only the strongest counts (udev(7)). */
const RULE_FOLDERS = [
  '/etc/udev/rules.d',
  '/run/udev/rules.d',
  '/usr/local/lib/udev/rules.d',
  '/usr/lib/udev/rules.d',
  '/lib/udev/rules.d',
] as const;

/** What udev makes of one name of a rules file. */
export type RuleFile =
  | { readonly state: 'absent' }
  /** It switches off every weaker file of its name: a link to /dev/null, or empty. */
  | { readonly state: 'masked'; readonly path: string }
  | { readonly state: 'file'; readonly path: string; readonly content: Buffer }
  /** Something is there, or may be, and would count. */
  | { readonly state: 'unreadable'; readonly path: string; readonly why: string };

const RULES_LIMIT = 1024 * 1024;

/** The file of this name that counts. Never throws. */
export async function ruleFile(ports: Ports, name: string): Promise<RuleFile> {
  for (const folder of RULE_FOLDERS) {
    const path = `${folder}/${name}`;
    const found = await fileAt(ports, path);
    if (found.state !== 'absent') return found;
  }
  return { state: 'absent' };
}

async function fileAt(ports: Ports, path: string): Promise<RuleFile> {
  const place = ports.root + path;
  try {
    await ports.files.lstat(place);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return { state: 'absent' };
    return { state: 'unreadable', path, why: messageOf(error) };
  }
  try {
    const stat = await ports.files.stat(place);
    if (stat.isCharacterDevice() || (stat.isFile() && stat.size === 0)) return { state: 'masked', path };
    return { state: 'file', path, content: await ports.files.readBytes(place, RULES_LIMIT) };
  } catch (error) {
    return { state: 'unreadable', path, why: messageOf(error) };
  }
}
