import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { z } from 'zod';
import { labFileSchema, vendorFileSchema } from '../../src/catalog/hardware-schema.ts';
import { profileSchema } from '../../src/catalog/profile-schema.ts';
import { requestSchema } from '../../src/catalog/request-schema.ts';
import { packageRoot } from '../support/root.ts';

const files: [string, z.ZodType][] = [
  ['profiles/profile.schema.json', profileSchema],
  ['profiles/request.schema.json', requestSchema],
  ['hardware/hardware.schema.json', vendorFileSchema],
  ['hardware/lab.schema.json', labFileSchema],
];

for (const [name, schema] of files) {
  test(`${name} is what the code takes`, async () => {
    const path = join(packageRoot, name);
    const made: unknown = JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: 'input' })));
    if (process.env['UPDATE'] === '1') {
      const { format } = await import('prettier');
      writeFileSync(path, await format(JSON.stringify(made), { parser: 'json', printWidth: 120 }));
    }
    const kept: unknown = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual(kept, made, `${name} is stale: run UPDATE=1 node --test dist/test/catalog/json-schema.test.js`);
  });
}
