"""SetFit on a few shots: `python setfit_few.py ENCODER TEXTS.json SCORES.npz`.

ENCODER: a folder of transformers. TEXTS: `train` and `labels` (0 or 1 for each label) of the shots,
`asked` texts to score, `seed`, `iterations` (pairs of each text and kind, R in Tunstall et al.
2022). Writes `scores`, log-odds of each asked text and label, and `seconds` of the training.
"""

import json
import sys
import time
from importlib import import_module  # what is not installed beside emoray has no types
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier


def sentence_model(encoder: str) -> Any:
    """The encoder with a mean over tokens, at unit length, as all-MiniLM-L6-v2 is published."""
    library = import_module("sentence_transformers")
    modules = import_module("sentence_transformers.models")
    words = modules.Transformer(encoder, max_seq_length=64)
    pooling = modules.Pooling(words.get_word_embedding_dimension(), pooling_mode="mean")
    return library.SentenceTransformer(modules=[words, pooling, modules.Normalize()], device="cpu")


if __name__ == "__main__":
    encoder, texts, out = sys.argv[1:4]
    asked = json.loads(Path(texts).read_text("utf-8"))
    torch.set_num_threads(int(asked["threads"]))
    setfit = import_module("setfit")
    head = OneVsRestClassifier(LogisticRegression(max_iter=1000))
    model = setfit.SetFitModel(
        model_body=sentence_model(encoder), model_head=head, multi_target_strategy="one-vs-rest"
    )
    shots = import_module("datasets").Dataset.from_dict(
        {"text": asked["train"], "label": asked["labels"]}
    )
    started = time.perf_counter()
    arguments = setfit.TrainingArguments(
        output_dir=str(Path(out).parent / "checkpoints"),
        batch_size=16,
        num_epochs=1,
        num_iterations=asked["iterations"],
        seed=asked["seed"],
        report_to="none",
        save_strategy="no",
        show_progress_bar=False,
    )
    setfit.Trainer(model=model, args=arguments, train_dataset=shots).train()
    seconds = time.perf_counter() - started
    found = model.predict_proba(asked["asked"], batch_size=64, as_numpy=True)
    odds_NK = np.clip(np.asarray(found, np.float64), 1e-12, 1 - 1e-12)
    np.savez(out, scores=np.log(odds_NK / (1 - odds_NK)), seconds=seconds)
