#!/usr/bin/env python3
"""Writes tests/parity/*: tiny BERTs of our own making, and what the reference makes of them.

    python3 tools/fixtures.py        (needs: pip install torch==2.15.0 transformers==5.23.0 safetensors; same bytes every time)

Each folder is a published checkpoint (config.json, model.safetensors; random weights, gammas and betas that are not 1 and 0)
and an expected.safetensors, which holds

    ids, segments (N), cu_seqlens, labels (B)      the batch: B sequences in a row, without padding
    label_rows, token_labels (n)                   masked-lm: rows of the batch and the tokens to predict there; tags: classes
    targets (B), spans (B, 2)                      regression: numbers; answers: first and last token in the sequence
    out.NAME                                       tensors of the forward pass under the names that our forward gives them
    embedding                                      mean of the last hidden states, scaled to length 1
    loss, smoothed_loss                            the task's mean, without and with a label smoothing of 0.1
    grad.NAME                                      of that mean, for every parameter, under its published name
    steps.use (T, b)                               which sequences each of T training steps sees
    steps.loss, steps.norm, steps.rate (T)         before the update; norm before clipping

The reference runs each sequence by itself (so padding and masks cannot matter), in double precision, without dropout.
"""
import json
import os
import shutil
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import (BertConfig, BertForMaskedLM, BertForQuestionAnswering, BertForSequenceClassification,
                          BertForTokenClassification, get_linear_schedule_with_warmup)

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(HERE, "tests", "parity")
LENGTHS = [7, 1, 64, 20, 33, 2]             # of the sequences; 64 is max_position_embeddings
FIRST_TEXT = [7, 1, 64, 9, 5, 1]            # tokens of segment 0; the rest is segment 1
CLASSES, LABELS = 5, [3, 0, 4, 1, 1, 2]
TARGETS = [0.5, -1.25, 3.0, 0.0, 2.5, -0.75]
SPANS = [(2, 4), (0, 0), (10, 10), (5, 19), (0, 0), (1, 1)]
STEPS, WARMUP, STEP_BATCH = 20, 4, 4


def config(hidden_act, num_labels=CLASSES):
    return BertConfig(vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
                      max_position_embeddings=64, hidden_act=hidden_act, num_labels=num_labels, attn_implementation="eager")


def fill(model):
    """Weights large enough that nothing is close to linear, float32 values in a double model."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "LayerNorm.weight" in name:
                value = 1 + 0.3 * torch.randn(p.shape)
            elif p.ndim == 1:
                value = 0.2 * torch.randn(p.shape)
            elif "embeddings" in name:
                value = 0.5 * torch.randn(p.shape)
            else:
                value = torch.randn(p.shape) * 1.2 / p.shape[1] ** 0.5
            p.copy_(value)


def batch():
    """Ids from 1 up: the reference treats id 0 as padding and keeps its row without gradient."""
    sequences = []
    for n, first in zip(LENGTHS, FIRST_TEXT):
        segments = torch.ones(n, dtype=torch.long)
        segments[:first] = 0
        sequences.append((torch.randint(1, 100, (n,)), segments))
    return sequences


def input_arrays(sequences):
    cu = torch.tensor([0] + [len(s[0]) for s in sequences]).cumsum(0)
    return {"ids": torch.cat([s[0] for s in sequences]).int(), "segments": torch.cat([s[1] for s in sequences]).int(),
            "cu_seqlens": cu.int()}


class Named:
    """Outputs of modules, collected over sequences."""

    def __init__(self, modules):
        self.out = {}
        for name, module, first_token in modules:
            module.register_forward_hook(self.hook(name, first_token))

    def hook(self, name, is_row):
        def take(_module, _args, output):
            y = output[0] if isinstance(output, tuple) else output
            y = y.detach().reshape(-1, y.shape[-1])
            self.out.setdefault(name, []).append(y[:1] if is_row else y)
        return take

    def arrays(self):
        return {"out." + k: torch.cat(v).float() for k, v in self.out.items()}


def encoder_modules(bert):
    yield "embeddings", bert.embeddings, False
    for i, layer in enumerate(bert.encoder.layer):
        yield f"layer.{i}.attn_norm", layer.attention.output, False
        yield f"layer.{i}.out", layer, False


def gradients(model):
    return {"grad." + n: p.grad.float().clone() for n, p in model.named_parameters() if p.grad is not None}


def decay_groups(model):
    no = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    yes = [p for n, p in model.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
    return [{"params": yes, "weight_decay": 0.01}, {"params": no, "weight_decay": 0.0}]


def train(loss_of, model):
    """loss_of(sequence numbers) -> mean loss; 20 steps as the usual trainer takes them."""
    optimizer = torch.optim.AdamW(decay_groups(model), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    log = {"use": [], "loss": [], "norm": [], "rate": []}
    for step in range(STEPS):
        use = [(step + k) % len(LENGTHS) for k in range(STEP_BATCH)]
        optimizer.zero_grad()
        loss = loss_of(use)
        loss.backward()
        log["use"].append(use)
        log["loss"].append(loss.item())
        log["rate"].append(optimizer.param_groups[0]["lr"])
        log["norm"].append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        schedule.step()
    return {"steps." + k: torch.tensor(v, dtype=torch.int32 if k == "use" else torch.float32) for k, v in log.items()}


def save(model, name, arrays):
    folder = os.path.join(OUT, name)
    shutil.rmtree(folder, ignore_errors=True)
    model.float().save_pretrained(folder)
    os.remove(os.path.join(folder, "model.safetensors"))           # again, without bytes that depend on versions
    kept = {n: p.detach().clone().contiguous() for n, p in model.named_parameters()}
    save_file(kept, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    for extra in set(os.listdir(folder)) - {"config.json", "model.safetensors"}:
        os.remove(os.path.join(folder, extra))
    save_file({k: v.contiguous() for k, v in arrays.items()}, os.path.join(folder, "expected.safetensors"))
    print(name, {f: os.path.getsize(os.path.join(folder, f)) for f in sorted(os.listdir(folder))},
          json.dumps({"loss": round(arrays["loss"].item(), 5)}))


def classification(name, hidden_act, seed):
    torch.manual_seed(seed)
    model = BertForSequenceClassification(config(hidden_act))
    fill(model)
    model.eval().double()
    start = {k: v.clone() for k, v in model.state_dict().items()}
    sequences = batch()
    labels = torch.tensor(LABELS)
    named = Named([*encoder_modules(model.bert), ("pooled", model.bert.pooler, True), ("logits", model.classifier, True)])
    run = lambda i: model(sequences[i][0][None], token_type_ids=sequences[i][1][None])
    logits = torch.cat([run(i).logits for i in range(len(sequences))])
    arrays = {**input_arrays(sequences), "labels": labels.int(), **named.arrays()}
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    smoothed = F.cross_entropy(logits, labels, label_smoothing=0.1)
    arrays |= {"loss": loss.detach().float().reshape(1), "smoothed_loss": smoothed.detach().float().reshape(1), **gradients(model)}
    with torch.no_grad():
        hidden = [model.bert(s[0][None], token_type_ids=s[1][None])[0][0] for s in sequences]
        arrays["embedding"] = F.normalize(torch.stack([h.mean(0) for h in hidden]), dim=-1).float()
    arrays |= train(lambda use: F.cross_entropy(torch.cat([run(i).logits for i in use]), labels[use]), model)
    model.load_state_dict(start)
    save(model, name, arrays)


def masked_lm(name, hidden_act, seed):
    torch.manual_seed(seed)
    model = BertForMaskedLM(config(hidden_act))
    fill(model)
    model.eval().double()
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert model.cls.predictions.decoder.bias is model.cls.predictions.bias
    start = {k: v.clone() for k, v in model.state_dict().items()}
    sequences = batch()
    targets = []                             # every third token or so, a sequence without any among them
    for i, (ids, _) in enumerate(sequences):
        t = torch.where(torch.rand(len(ids)) < 0.3, torch.randint(1, 100, ids.shape), -100)
        targets.append(torch.full_like(t, -100) if i == 1 else t)
    named = Named([*encoder_modules(model.bert), ("mlm_transform", model.cls.predictions.transform, False),
                   ("logits", model.cls.predictions.decoder, False)])
    run = lambda i: model(sequences[i][0][None], token_type_ids=sequences[i][1][None]).logits[0]
    logits = torch.cat([run(i) for i in range(len(sequences))])
    flat = torch.cat(targets)
    rows = (flat != -100).nonzero()[:, 0]
    arrays = {**input_arrays(sequences), "label_rows": rows.int(), "token_labels": flat[rows].int(), **named.arrays()}
    for chosen in ("out.mlm_transform", "out.logits"):                    # our head computes the labelled rows only
        arrays[chosen] = arrays[chosen][rows]
    loss = F.cross_entropy(logits, flat)
    loss.backward()
    arrays |= {"loss": loss.detach().float().reshape(1), **gradients(model)}
    arrays |= train(lambda use: F.cross_entropy(torch.cat([run(i) for i in use]), torch.cat([targets[i] for i in use])), model)
    model.load_state_dict(start)
    save(model, name, arrays)


def finish(model, name, sequences, arrays, named, outputs, loss_of):
    """What the further heads share. outputs(i): of sequence i; loss_of(outputs, sequence numbers): the mean."""
    model.eval().double()
    start = {k: v.clone() for k, v in model.state_dict().items()}
    everything = range(len(sequences))
    loss = loss_of([outputs(i) for i in everything], everything)
    arrays = {**input_arrays(sequences), **arrays, **named.arrays()}
    loss.backward()
    arrays |= {"loss": loss.detach().float().reshape(1), **gradients(model)}
    arrays |= train(lambda use: loss_of([outputs(i) for i in use], use), model)
    model.load_state_dict(start)
    save(model, name, arrays)


def regression(name, seed):
    torch.manual_seed(seed)
    model = BertForSequenceClassification(config("gelu", 1))
    model.config.problem_type = "regression"
    fill(model)
    sequences = batch()
    targets = torch.tensor(TARGETS, dtype=torch.double)
    named = Named([*encoder_modules(model.bert), ("pooled", model.bert.pooler, True), ("logits", model.classifier, True)])
    finish(model, name, sequences, {"targets": targets.float()}, named,
           lambda i: model(sequences[i][0][None], token_type_ids=sequences[i][1][None]).logits[0, 0],
           lambda y, use: F.mse_loss(torch.stack(y), targets[list(use)]))


def tags(name, seed):
    torch.manual_seed(seed)
    model = BertForTokenClassification(config("gelu"))
    fill(model)
    sequences = batch()
    targets = []                             # two tokens of three, a sequence without any among them
    for i, (ids, _) in enumerate(sequences):
        t = torch.where(torch.rand(len(ids)) < 0.67, torch.randint(0, CLASSES, ids.shape), -100)
        targets.append(torch.full_like(t, -100) if i == 1 else t)
    flat = torch.cat(targets)
    rows = (flat != -100).nonzero()[:, 0]
    named = Named([*encoder_modules(model.bert), ("logits", model.classifier, False)])
    finish(model, name, sequences, {"label_rows": rows.int(), "token_labels": flat[rows].int()}, named,
           lambda i: model(sequences[i][0][None], token_type_ids=sequences[i][1][None]).logits[0],
           lambda y, use: F.cross_entropy(torch.cat(y), torch.cat([targets[i] for i in use])))


def answers(name, seed):
    torch.manual_seed(seed)
    model = BertForQuestionAnswering(config("gelu", 2))
    fill(model)
    sequences = batch()
    run = lambda i: model(sequences[i][0][None], token_type_ids=sequences[i][1][None])
    one = lambda logits, place: F.cross_entropy(logits, torch.tensor([place]))
    named = Named([*encoder_modules(model.bert), ("logits", model.qa_outputs, False)])
    finish(model, name, sequences, {"spans": torch.tensor(SPANS).int()}, named, run,
           lambda y, use: torch.stack([(one(o.start_logits, SPANS[i][0]) + one(o.end_logits, SPANS[i][1])) / 2
                                       for o, i in zip(y, use)]).mean())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    classification("bert_classify_gelu", "gelu", 1)
    classification("bert_classify_gelu_new", "gelu_new", 2)
    masked_lm("bert_mlm_gelu", "gelu", 3)
    regression("bert_regression", 4)
    tags("bert_tags", 5)
    answers("bert_answers", 6)
