import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { z } from 'zod';
import { manifestSchema } from '../../src/manifest/schema.ts';
import { packageRoot } from '../support/root.ts';

const SCHEMA = join(packageRoot, 'docs', 'manifest.schema.json');
const SPECIFICATION = join(packageRoot, 'docs', 'manifest-format.md');

function jsonSchema(): object {
  const title = 'exhibit manifest, format version 1';
  const description = 'The shape only. docs/manifest-format.md has the meaning and the laws across fields.';
  return { title, description, ...z.toJSONSchema(manifestSchema) };
}

/** Every name of a field anywhere in the schema. */
function fieldNames(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own =
    'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : [];
  return [...own, ...Object.values(schema).flatMap(fieldNames)];
}

describe('the manifest is documented', () => {
  test('docs/manifest.schema.json is the schema (UPDATE=1 rewrites it)', async () => {
    if (process.env['UPDATE'] === '1') {
      const { format } = await import('prettier');
      await writeFile(SCHEMA, await format(JSON.stringify(jsonSchema()), { parser: 'json', printWidth: 120 }));
    }
    assert.deepEqual(JSON.parse(await readFile(SCHEMA, 'utf8')), JSON.parse(JSON.stringify(jsonSchema())));
  });

  test('docs/manifest-format.md names every field', async () => {
    const text = await readFile(SPECIFICATION, 'utf8');
    const names = [...new Set(fieldNames(jsonSchema()))];
    assert.ok(names.length > 80, `only ${names.length} fields were found`);
    assert.deepEqual(
      names.filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });
});
