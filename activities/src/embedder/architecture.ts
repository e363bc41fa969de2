import { QuarryError } from '../failures.ts';
import type { ModelFiles } from './model-files.ts';

/** `model_type` of config.json, as transformers names them. */
const ENCODERS = new Set(
  'albert bert camembert data2vec-text deberta deberta-v2 distilbert electra ernie eurobert fnet ibert megatron-bert mobilebert modernbert mpnet mra new nezha nomic_bert nystromformer rembert roberta roberta-prelayernorm roformer squeezebert xlm-roberta xlm-roberta-xl xmod'.split(
    ' ',
  ),
);
const GENERATORS = new Set(
  'arcee aya_vision bloom cohere cohere2 exaone exaone4 falcon gemma gemma2 gemma3 gemma3_text gpt2 gpt_bigcode gpt_neo gpt_neox gpt_oss granite helium hunyuan_v1_dense idefics3 internvl jais lfm2 llama llama4 llava llava_onevision ministral mistral mistral3 mobilellm modernbert-decoder olmo olmo2 opt paligemma phi phi3 phi3_v qwen2 qwen2_5_vl qwen2_moe qwen2_vl qwen3 qwen3_5 qwen3_moe qwen3_vl smollm3 smolvlm stablelm starcoder2'.split(
    ' ',
  ),
);

/**
 * Checks that the model is of the family that the job says; an unlisted `model_type` is judged by its `architectures`.
 *
 * @throws QuarryError BadModel with the kind to use instead, or where neither family fits
 */
export function requireFamily({ config, directory }: ModelFiles, kind: 'encoder' | 'generator'): void {
  const { model_type: type, architectures = [] } = config;
  const family = familyOf(type, architectures);
  if (family === kind) return;
  const named = `${directory}/config.json: model_type ${type ?? 'is missing'}, architectures ${architectures.join(', ') || 'missing'}`;
  if (family === undefined) {
    throw new QuarryError(
      'BadModel',
      `${named}: unknown architecture; known are BERT-like encoders and decoder language models`,
    );
  }
  throw new QuarryError(
    'BadModel',
    `${named}: that is ${family === 'encoder' ? 'an encoder' : 'a generator'}; use model.kind: ${family}`,
  );
}

function familyOf(
  type: string | undefined,
  architectures: readonly string[],
): 'encoder' | 'generator' | undefined {
  if (type !== undefined && ENCODERS.has(type)) return 'encoder';
  if (type !== undefined && GENERATORS.has(type)) return 'generator';
  if (architectures.some((name) => /For(CausalLM|ConditionalGeneration)$|LMHeadModel$/.test(name)))
    return 'generator';
  if (architectures.some((name) => /(ForMaskedLM|BertModel|EncoderModel)$/.test(name))) return 'encoder';
  return undefined;
}
