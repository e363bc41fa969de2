import { join } from 'node:path';
import { chatRenderer, type RenderChat } from './chat-template.ts';
import { readModelFiles } from './model-files.ts';
import type { GeneratorSettings } from './model-settings.ts';

/** How a model's prompts are rendered. @throws QuarryError BadModel that names the template's file where it fails */
export async function modelChat(
  settings: Pick<GeneratorSettings, 'directory' | 'origin' | 'chatTemplate' | 'vision'>,
): Promise<RenderChat> {
  const { tokenizerConfig, present } = await readModelFiles(settings.directory, null);
  const own = ['chat_template.jinja', 'chat_template.json'].find((file) => present.includes(file));
  const where = join(settings.origin ?? settings.directory, own ?? 'tokenizer_config.json');
  return chatRenderer(settings.chatTemplate, tokenizerConfig, settings.vision !== null, where);
}
