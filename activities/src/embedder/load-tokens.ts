import { generatorTokens } from './generator-tokens.ts';
import { modelChat } from './model-chat.ts';
import type { ModelSettings } from './model-settings.ts';
import { encoderTokens, type RowTokens } from './row-tokens.ts';
import { TextTokenizer } from './tokenizer.ts';

/** How a model's rows become tokens, and with what they are padded. @throws QuarryError BadModel */
export async function loadTokens(
  settings: ModelSettings,
): Promise<{ readonly rowTokens: RowTokens; readonly padId: number }> {
  const tokenizer = await TextTokenizer.load(settings.directory, settings.origin);
  const rowTokens =
    settings.kind === 'encoder'
      ? encoderTokens(settings, tokenizer)
      : generatorTokens(settings, tokenizer, await modelChat(settings));
  return { rowTokens, padId: tokenizer.padId };
}
