"""PyLate: a step of its contrastive loss, and KDProcessing with a step of its distillation: CONTRASTIVE KD."""

import json
import math
import sys
import tempfile

import tiny_bert
from datasets import get_dataset_config_names, load_dataset
from pylate import losses, models, utils
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments


def train(model, data, loss):
    arguments = SentenceTransformerTrainingArguments(
        output_dir=tempfile.mkdtemp(),
        max_steps=1,
        per_device_train_batch_size=4,
        use_cpu=True,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
    )
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=data,
        loss=loss,
        data_collator=utils.ColBERTCollator(tokenize_fn=model.tokenize),
    )
    value = trainer.train().training_loss
    assert math.isfinite(value)
    return value


contrastive, kd = sys.argv[1:]
model = models.ColBERT(tiny_bert.make(tempfile.mkdtemp()), embedding_size=16, device="cpu")
pairs = load_dataset(contrastive, split="train")
parts = {name: load_dataset(kd, name, split="train") for name in get_dataset_config_names(kd)}
scored = parts["train"]
scored.set_transform(utils.KDProcessing(queries=parts["queries"], documents=parts["documents"]).transform)
lengths = {(len(row["documents"]), len(row["scores"])) for row in scored}
first = scored[0]
print(
    json.dumps(
        {
            "contrastive": {"rows": len(pairs), "loss": train(model, pairs, losses.Contrastive(model=model))},
            "kd": {
                "configs": sorted(parts),
                "rows": len(scored),
                "lengths": sorted(lengths),
                "empty": sum(text == "" for row in scored for text in row["documents"]),
                "query": first["query"],
                "documents": first["documents"],
                "loss": train(model, scored, losses.Distillation(model=model)),
            },
        }
    )
)
