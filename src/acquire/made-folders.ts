import type { Files } from '../system/files.ts';

/**
 * Takes away the folders that a refused job made for itself (`Files.makeFolder` names them), innermost first, up to the
 * first that holds anything by now. It never throws: what was refused is told, not that an empty folder stayed.
 */
export async function removeMade(files: Pick<Files, 'removeFolder'>, made: readonly string[]): Promise<void> {
  try {
    for (const folder of [...made].reverse()) await files.removeFolder(folder);
  } catch {
    // ENOTEMPTY: another job has begun in there.
  }
}
