import { folderNameRefusal, isFolderName, suggestFolderName } from '../model/evidence-id.ts';
import type { Finding, FolderPlan } from '../model/plan.ts';
import type { AcquireRequest } from '../model/request.ts';
import { visible } from '../model/text.ts';
import { refusal } from './finding.ts';

type FolderResult =
  { readonly ok: true; readonly folder: FolderPlan } | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * The evidence folder `ROOT/<case>/<item>`: the ids as they are where they can be folder names, else what
 * `--folder-name` says. Pure.
 * @param root the folder of `--to`, as an absolute real path
 */
export function planFolder(request: AcquireRequest, root: string): FolderResult {
  const { caseNumber, evidenceId } = request.caseInfo;
  if (request.folderName === null) {
    const findings = idRefusals(caseNumber, evidenceId);
    return findings.length > 0 ? { ok: false, findings } : { ok: true, folder: folderOf(root, caseNumber, evidenceId) };
  }
  const parts = request.folderName.split('/');
  const [caseName, item] = parts.length === 1 ? [caseNumber, request.folderName] : parts;
  if (
    parts.length > 2 ||
    caseName === undefined ||
    item === undefined ||
    !isFolderName(item) ||
    !isFolderName(caseName)
  ) {
    return { ok: false, findings: [nameRefusal(request.folderName, caseNumber, evidenceId)] };
  }
  return { ok: true, folder: folderOf(root, caseName, item) };
}

function folderOf(root: string, caseName: string, item: string): FolderPlan {
  const base = root.endsWith('/') ? root.slice(0, -1) : root;
  return { path: `${base}/${caseName}/${item}`, caseFolder: caseName, stem: item };
}

function idRefusals(caseNumber: string, evidenceId: string): Finding[] {
  const hint = `The id stays unchanged in the manifest; choose a name for the folder: --folder-name ${offer(caseNumber, evidenceId)}`;
  return [
    ['--case', caseNumber],
    ['--evidence', evidenceId],
  ].flatMap(([option = '', id = '']) => {
    if (isFolderName(id)) return [];
    const { fault, code, message } = folderNameRefusal(option, id);
    return [refusal(fault, code, message, hint)];
  });
}

function nameRefusal(folderName: string, caseNumber: string, evidenceId: string): Finding {
  const message = isFolderName(folderName)
    ? `--folder-name: "${visible(folderName)}" names the item only, and the case "${visible(caseNumber)}" can't be a folder name as it is.`
    : `--folder-name: "${visible(folderName)}" is not ITEM or CASE/ITEM of names that every file system takes.`;
  return refusal(
    'usage',
    'usage.folder-name',
    message,
    `One that works: --folder-name ${offer(caseNumber, evidenceId)}`,
  );
}

/** ITEM alone where the case needs no other name. */
function offer(caseNumber: string, evidenceId: string): string {
  const item = suggestFolderName(evidenceId);
  return isFolderName(caseNumber) ? item : `${suggestFolderName(caseNumber)}/${item}`;
}
