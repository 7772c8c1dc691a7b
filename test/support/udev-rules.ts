/**
 * A small reader of udev rules: enough of udev(7) to say what a file of ours does with a made-up device. It throws on
 * anything that it does not know. The real udevd says the same on the virtual bench (test/bench/scenarios/udev.ts).
 */

/** One `KEY{attribute}OPERATOR"value"`. */
export interface Token {
  readonly key: string;
  readonly attribute: string | null;
  readonly operator: string;
  readonly value: string;
}

/** What udev knows of a device when its event comes. */
export interface UdevEvent {
  readonly kernel: string;
  readonly devpath: string;
  readonly subsystem?: string;
  /** The kernel's properties: ACTION, DEVTYPE, SYNTH_UUID, … */
  readonly env: Readonly<Record<string, string>>;
  /** Attributes of the device itself, then of what it hangs on. */
  readonly attributes?: readonly Readonly<Record<string, string>>[];
  /** What the database has of it, and of its parent. */
  readonly db?: Readonly<Record<string, string>>;
  readonly parentDb?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
}

export interface UdevOutcome {
  readonly run: readonly string[];
  /** Properties that the rules set. */
  readonly set: Readonly<Record<string, string>>;
}

const TOKEN = /\s*([A-Z]+)(?:\{([^}]+)\})?\s*(==|!=|\+=|-=|:=|=)\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y;

/** The rules of a file, in order. Throws, with the line, when something is no token. */
export function parseRules(text: string): Token[][] {
  const joined = text.replace(/\\\n/g, '');
  const lines = joined.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const tokens: Token[] = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < line.length) {
      const match = TOKEN.exec(line);
      if (match === null) throw new Error(`not a rule of udev: ${line}`);
      const [, key = '', attribute = null, operator = '', value = ''] = match;
      tokens.push({ key, attribute, operator, value });
    }
    return tokens;
  });
}

/** What the rules make of an event. */
export function applyRules(rules: readonly (readonly Token[])[], event: UdevEvent): UdevOutcome {
  const set: Record<string, string> = {};
  let run: string[] = [];
  for (let at = 0; at < rules.length; at += 1) {
    const rule = rules[at] ?? [];
    const label = rule.find(({ key }) => key === 'LABEL');
    if (label !== undefined && rule.length > 1) throw new Error(`a label beside other words: ${label.value}`);
    if (!rule.every((token) => matches(token, event, set))) continue;
    for (const { key, attribute, operator, value } of rule) {
      if (isMatch(operator)) continue;
      if (key === 'ENV') set[attribute ?? ''] = value;
      else if (key === 'RUN') run = operator === '+=' ? [...run, value] : [value];
      else if (key === 'GOTO') at = labelAfter(rules, at, value) - 1;
      else if (key !== 'LABEL' && key !== 'IMPORT') throw new Error(`not known here: ${key}`);
    }
  }
  return { run: run.map((command) => command.replaceAll('$devnode', `/dev/${event.kernel}`)), set };
}

function labelAfter(rules: readonly (readonly Token[])[], from: number, name: string): number {
  const found = rules.findIndex((rule, at) => at > from && rule[0]?.key === 'LABEL' && rule[0].value === name);
  if (found === -1) throw new Error(`GOTO ${name}: no such label further down`);
  return found;
}

function isMatch(operator: string): boolean {
  return operator === '==' || operator === '!=';
}

function matches(token: Token, event: UdevEvent, set: Record<string, string>): boolean {
  const { key, attribute, operator, value } = token;
  if (key === 'IMPORT') return imports(token, event, set);
  if (!isMatch(operator)) return true;
  return seen(key, attribute, value, event, set) === (operator === '==');
}

function seen(key: string, name: string | null, value: string, event: UdevEvent, set: Record<string, string>): boolean {
  const is = (text: string | undefined): boolean => glob(value).test(text ?? '');
  const [own, ...above] = event.attributes ?? [];
  switch (key) {
    case 'ACTION':
      return is(event.env['ACTION']);
    case 'SUBSYSTEM':
      return is(event.subsystem ?? 'block');
    case 'KERNEL':
      return is(event.kernel);
    case 'DEVPATH':
      return is(event.devpath);
    case 'ENV':
      return is(set[name ?? ''] ?? event.env[name ?? '']);
    case 'ATTR':
      return own?.[name ?? ''] !== undefined && is(own[name ?? '']);
    case 'ATTRS':
      return [own, ...above].some((each) => each?.[name ?? ''] !== undefined && is(each[name ?? '']));
    case 'TEST':
      return event.files?.includes(value) ?? false;
    default:
      throw new Error(`not known here: ${key}`);
  }
}

/** `IMPORT{db}` and `IMPORT{parent}` of one name: true when the database has it. */
function imports({ attribute, value }: Token, event: UdevEvent, set: Record<string, string>): boolean {
  if (attribute !== 'db' && attribute !== 'parent') throw new Error(`not known here: IMPORT{${attribute ?? ''}}`);
  const found = (attribute === 'db' ? event.db : event.parentDb)?.[value];
  if (found !== undefined) set[value] = found;
  return found !== undefined;
}

/** Shell patterns with `|` between alternatives. */
function glob(pattern: string): RegExp {
  const alternatives = pattern.split('|').map((each) =>
    each
      .replace(/[.+^$(){}\\/]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.')
      .replaceAll('[!', '[^'),
  );
  return new RegExp(`^(?:${alternatives.join('|')})$`, 's');
}
