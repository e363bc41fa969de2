import { chatRenderer } from '@quarry/activities/embedder/chat-template';
import { resolvePrompt, type TurnPart, userTurn } from '@quarry/activities/embedder/prompt';
import { describe, expect, test } from 'vitest';

const text = (value: string): readonly TurnPart[] => [{ type: 'text', text: value }];
const of = (value: string) => ({ text: value, image: false });
const SYSTEM =
  'Given an image, summarize the provided image in one word. Given only text, describe the text in one word.';
const QWEN2 =
  "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const GEMMA =
  "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{{ '<start_of_turn>' + message['role'] + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}";

describe('the hierarchical prompt, rendered as the paper does', () => {
  const prompt = resolvePrompt('hierarchical');
  test.each([
    ['ChatML without a template', null],
    ["Qwen2's template", QWEN2],
  ])('%s', (_, template) => {
    const render = chatRenderer(template, {});
    expect(render(prompt.system, userTurn(prompt, of('a cat'), 'query'))).toBe(
      `<|im_start|>system\n${SYSTEM}<|im_end|>\n<|im_start|>user\na cat\nRepresent the given text in one word.<|im_end|>\n<|im_start|>assistant\n`,
    );
    expect(render(prompt.system, userTurn(prompt, of('a cat'), 'document'))).toBe(
      `<|im_start|>system\n${SYSTEM}<|im_end|>\n<|im_start|>user\na cat<|im_end|>\n<|im_start|>assistant\n`,
    );
  });
});

test('the other prompts are its parts', () => {
  expect(resolvePrompt('system')).toMatchObject({ system: SYSTEM, queryText: '', document: '' });
  expect(resolvePrompt('user')).toMatchObject({
    system: '',
    queryText: 'Represent the given text in one word.',
  });
  expect(userTurn(resolvePrompt('none'), of('a cat'), 'query')).toEqual(text('a cat'));
  expect(chatRenderer(null, {})('', text('a cat'))).toBe(
    '<|im_start|>user\na cat<|im_end|>\n<|im_start|>assistant\n',
  );
});

test("a job's own prompt stands behind the text, or around it, and takes it literally", () => {
  const prompt = resolvePrompt({ queryText: 'In a word?', document: 'The text "{text}" means:' });
  expect(userTurn(prompt, of('a cat'), 'query')).toEqual(text('a cat\nIn a word?'));
  expect(userTurn(prompt, of("costs $& and $'"), 'document')).toEqual(
    text('The text "costs $& and $\'" means:'),
  );
});

test('a template without a system turn gets the instruction in the user turn, and its own tokens', () => {
  const render = chatRenderer(GEMMA, { bos_token: { content: '<bos>' } });
  expect(render('Be brief.', text('a cat'))).toBe(
    '<bos><start_of_turn>user\nBe brief.\n\na cat<end_of_turn>\n<start_of_turn>model\n',
  );
});

test('a template that is broken, or loses the text, is refused', () => {
  expect(() => chatRenderer('{% for %}', {})).toThrow(/chat template is not understood/);
  expect(() => chatRenderer('hello', {})).toThrow(/renders neither/);
});
