import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { formatAllowedSigners } from '../../src/manifest/allowed-signers.ts';
import { checkIntegrity, verifySigner } from '../../src/manifest/sign-tool.ts';
import { makeKey, signByHand } from '../manifest/sign-support.ts';
import { remembered, stillWorld } from './remembered.ts';
import { tempFolder } from './temp.ts';

test('only the same question gets the answer of before: data, signature, signers and key file are part of it', async (t) => {
  const folder = tempFolder(t);
  const [ann, eve] = [makeKey(folder, 'ann', 'Ann'), makeKey(folder, 'eve', 'Ann')];
  const ports = stillWorld();
  const data = Buffer.from('what was signed');
  const [byAnn, byEve] = [signByHand(ann, 'n', data), signByHand(eve, 'n', data)];
  const right = { namespace: 'n', principal: 'Ann', signature: byAnn, data };
  const signers = formatAllowedSigners('Ann', ann.publicKey, ['n']);
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await verifySigner(ports, { ...right, signers })).kind, 'good');
    assert.equal((await verifySigner(ports, { ...right, signers, signature: byEve })).kind, 'refused');
    assert.equal((await verifySigner(ports, { ...right, signers, data: Buffer.from('else') })).kind, 'refused');
    assert.equal((await verifySigner(ports, { ...right, signers: signers.replace('Ann', 'Bob') })).kind, 'refused');
    assert.equal((await checkIntegrity(ports, { ...right, signature: byEve })).kind, 'good');
  }
  const key = join(folder, 'key');
  const publicHalf = async (from: string): Promise<string> => {
    copyFileSync(from, key);
    return (await remembered.run(['ssh-keygen', '-y', '-f', key])).stdout;
  };
  assert.ok((await publicHalf(ann.path)).startsWith(ann.publicKey));
  assert.ok((await publicHalf(eve.path)).startsWith(eve.publicKey));
});
