"""One training step of each loss on the data sets given: DIRECTORY=LOSS ...; prints rows, columns and the loss."""

import json
import math
import sys
import tempfile

import tiny_bert
from datasets import load_dataset


def bi_encoder(model, data, loss_name):
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
    from sentence_transformers import losses, models

    transformer = models.Transformer(model, max_seq_length=64)
    encoder = SentenceTransformer(
        modules=[transformer, models.Pooling(transformer.get_word_embedding_dimension())], device="cpu"
    )
    loss = getattr(losses, loss_name)(encoder)
    return SentenceTransformerTrainer(
        model=encoder, args=Arguments(**arguments()), train_dataset=data, loss=loss
    )


def cross_encoder(model, data, loss_name):
    from sentence_transformers import CrossEncoder
    from sentence_transformers.cross_encoder import CrossEncoderTrainer, losses
    from sentence_transformers.cross_encoder import CrossEncoderTrainingArguments as Arguments

    encoder = CrossEncoder(model, num_labels=1, device="cpu")
    loss = getattr(losses, loss_name)(encoder)
    return CrossEncoderTrainer(model=encoder, args=Arguments(**arguments()), train_dataset=data, loss=loss)


def arguments():
    return {
        "output_dir": tempfile.mkdtemp(),
        "max_steps": 1,
        "per_device_train_batch_size": 8,
        "use_cpu": True,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "seed": 1,
    }


model = tiny_bert.make(tempfile.mkdtemp())
found = {}
for argument in sys.argv[1:]:
    directory, loss_name = argument.rsplit("=", 1)
    data = load_dataset(directory, split="train")
    make = cross_encoder if loss_name in ("LambdaLoss", "ListNetLoss") else bi_encoder
    loss = make(model, data, loss_name).train().training_loss
    assert math.isfinite(loss), f"{directory}: {loss_name} is {loss}"
    found[argument] = {"rows": len(data), "columns": data.column_names, "loss": loss, "first": data[0]}
print(json.dumps(found))
