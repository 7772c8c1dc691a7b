import type { Ports } from '../system/ports.ts';
import { invalid, readDataFile } from './profiles.ts';
import { type RequestFileKeys, requestSchema } from './request-schema.ts';
import { listFaults, parseYaml } from './yaml.ts';

/** A judged request file, by the names of the command line's options (`--label-serial` is `labelSerial`). Undefined: not in the file. */
export interface RequestFile {
  readonly case?: string | undefined;
  readonly evidence?: string | undefined;
  readonly examiner?: string | undefined;
  readonly description?: string | undefined;
  readonly notes?: string | undefined;
  readonly authority?: string | undefined;
  readonly labelModel?: string | undefined;
  readonly labelSerial?: string | undefined;
  readonly labelSize?: string | undefined;
  readonly sealNumber?: string | undefined;
  readonly condition?: string | undefined;
  readonly labelMismatch?: string | undefined;
  readonly profile?: string | undefined;
  readonly folderName?: string | undefined;
}

/**
 * Loads the file of `--request`.
 * @throws ExhibitError `usage.unreadable-file`, or `request.invalid` with every fault of the file by line and column
 */
export async function loadRequestFile(ports: Pick<Ports, 'files'>, path: string): Promise<RequestFile> {
  const { text } = await readDataFile(ports, path, '--request');
  const parsed = parseYaml(text, requestSchema, 'text');
  if (!parsed.ok) throw invalid(path, 'request', listFaults(path, parsed.faults));
  return fromKeys(parsed.value);
}

function fromKeys(keys: RequestFileKeys): RequestFile {
  return {
    case: keys.case,
    evidence: keys.evidence,
    examiner: keys.examiner,
    description: keys.description,
    notes: keys.notes,
    authority: keys.authority,
    labelModel: keys['label-model'],
    labelSerial: keys['label-serial'],
    labelSize: keys['label-size'],
    sealNumber: keys['seal-number'],
    condition: keys.condition,
    labelMismatch: keys['label-mismatch'],
    profile: keys.profile,
    folderName: keys['folder-name'],
  };
}
