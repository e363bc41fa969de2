"""FlagEmbedding's own data set, collator and loss: FILE FILE_WITH_SCORES; prints what they gave."""

import json
import math
import sys
import tempfile

import tiny_bert
from FlagEmbedding.abc.finetune.embedder import AbsEmbedderCollator, AbsEmbedderDataArguments
from FlagEmbedding.abc.finetune.embedder.AbsDataset import AbsEmbedderTrainDataset
from FlagEmbedding.finetune.embedder.encoder_only.base.modeling import BiEncoderOnlyEmbedderModel
from transformers import AutoModel, AutoTokenizer

model = tiny_bert.make(tempfile.mkdtemp())
tokenizer = AutoTokenizer.from_pretrained(model)


def step(file, distilled):
    import torch

    # The data set and the loss tile negatives where a row has fewer than the group wants.
    data_arguments = AbsEmbedderDataArguments(
        train_data=[file],
        cache_path=tempfile.mkdtemp(),
        train_group_size=4,
        knowledge_distillation=distilled,
        query_instruction_for_retrieval="unused where a row has a prompt: ",
        query_instruction_format="{}{}",
    )
    data = AbsEmbedderTrainDataset(data_arguments, tokenizer)
    rows = [data[row] for row in range(len(data))]
    collator = AbsEmbedderCollator(tokenizer=tokenizer, query_max_len=32, passage_max_len=64, return_tensors="pt")
    batch = collator(rows[:4])
    encoder = BiEncoderOnlyEmbedderModel(
        AutoModel.from_pretrained(model), tokenizer=tokenizer, kd_loss_type="kl_div", temperature=0.02
    )
    encoder.train()
    scores = torch.tensor(batch["teacher_scores"]) if distilled else None
    loss = encoder(batch["queries"], batch["passages"], teacher_scores=scores).loss.item()
    assert math.isfinite(loss)
    return {
        "rows": len(rows),
        "passages": sorted({len(passages) for _, passages, _ in rows}),
        "scores": sorted({0 if scores is None else len(scores) for _, _, scores in rows}),
        "query": rows[0][0],
        "loss": loss,
    }


plain, scored = sys.argv[1:]
print(json.dumps({"plain": step(plain, False), "scored": step(scored, True)}))
