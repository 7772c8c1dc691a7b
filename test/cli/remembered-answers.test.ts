import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { remembering } from '../../src/cli/remembered-answers.ts';
import type { Asker } from '../../src/remote/credentials.ts';

/** Whoever sits there answers what is not asked twice of them; a question of another kind is none of theirs. */
function person(answers: Readonly<Record<string, string>>, canAsk = true) {
  const heard: string[] = [];
  const answer = (question: string): Promise<string | null> => {
    heard.push(question);
    return Promise.resolve(answers[question] ?? null);
  };
  const asker: Asker = { canAsk, ask: answer, askSecret: answer };
  return { asker, heard };
}

describe('answers that are remembered', () => {
  test('before we are in, every question is the person’s, also one that was answered before', async () => {
    const { asker, heard } = person({ password: 'wrong' });
    const answers = remembering(asker);
    assert.equal(await answers.asker().askSecret('password'), 'wrong');
    assert.equal(await answers.asker().askSecret('password'), 'wrong');
    assert.deepEqual(heard, ['password', 'password']);
  });

  test('once we are in, nobody is asked: each answer is given once a connection, the last one that was given', async () => {
    const given = { password: 'first', code: '123' };
    const { asker, heard } = person(given);
    const answers = remembering(asker);
    const first = answers.asker();
    await first.askSecret('password');
    given.password = 'second';
    await first.askSecret('password');
    await first.ask('code');
    answers.keep();
    const again = answers.asker();
    assert.equal(again.canAsk, true);
    assert.deepEqual([await again.askSecret('password'), await again.ask('code')], ['second', '123']);
    // Asked once more it was wrong: it is not given again and again, which locks accounts.
    assert.deepEqual([await again.askSecret('password'), await again.ask('code')], [null, null]);
    assert.equal(await answers.asker().askSecret('password'), 'second', 'the next connection has it again');
    assert.equal(heard.length, 3);
  });

  test('what was never asked, or never answered, has no answer in the middle of a job', async () => {
    const { asker, heard } = person({});
    const answers = remembering(asker);
    assert.equal(await answers.asker().ask('code'), null);
    answers.keep();
    assert.deepEqual([await answers.asker().ask('code'), await answers.asker().askSecret('new?')], [null, null]);
    assert.deepEqual(heard, ['code']);
  });

  test('where nobody can be asked, that stays so', () => {
    const answers = remembering(person({}, false).asker);
    assert.equal(answers.asker().canAsk, false);
    answers.keep();
    assert.equal(answers.asker().canAsk, false);
  });

  test('two connections do not share what each has used', async () => {
    const { asker } = person({ password: 'x' });
    const answers = remembering(asker);
    await answers.asker().askSecret('password');
    answers.keep();
    const one = answers.asker();
    const other = answers.asker();
    assert.deepEqual([await one.askSecret('password'), await other.askSecret('password')], ['x', 'x']);
  });
});
