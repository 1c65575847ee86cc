#!/usr/bin/env python3
"""The peer: onnxruntime in fp32 on a published BERT folder. Used by bench.py; runs by itself too.

    peer_ort.py --model DIR --cache FOLDER export              writes plain.onnx and fused.onnx there, checked against transformers
    peer_ort.py --model DIR --cache FOLDER shapes 1x16,32x128  ms of a forward pass on equal-length batches
    peer_ort.py --model DIR --cache FOLDER text FILE           a text a line, batches of 32 in file order, padded to the longest of
                                                               each batch, tokenised by the tokenizers library, mean of the tokens

fused.onnx went through onnxruntime's own optimizer for transformers (attention, layer normalisation, gelu as one operator
each); --graph chooses. One JSON line is printed. Needs: torch transformers onnx onnxruntime tokenizers.
"""
import argparse
import json
import os
import resource
import statistics
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "true"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def export(o):
    import warnings

    import numpy as np
    import onnxruntime as ort
    import torch
    from onnxruntime.transformers import optimizer
    from transformers import AutoModel
    warnings.filterwarnings("ignore")
    model = AutoModel.from_pretrained(o.model, attn_implementation="eager").eval()

    class Hidden(torch.nn.Module):
        """The same encoder written as the optimizer's patterns want it: scores divided, the mask added as (1 - m) * -10000."""

        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids, mask, segments):
            c, e = self.model.config, self.model.embeddings
            heads, size = c.num_attention_heads, c.hidden_size // c.num_attention_heads
            mask = (1.0 - mask.unsqueeze(1).unsqueeze(2).to(torch.float32)) * -10000.0
            x = e.word_embeddings(ids) + e.position_embeddings(e.position_ids[:, :ids.shape[1]]) + e.token_type_embeddings(segments)
            x = e.LayerNorm(x)
            split = lambda t: t.view(t.shape[0], t.shape[1], heads, size).permute(0, 2, 1, 3)
            for layer in self.model.encoder.layer:
                a = layer.attention
                q, k, v = (split(f(x)) for f in (a.self.query, a.self.key, a.self.value))
                p = torch.softmax(torch.matmul(q, k.transpose(-1, -2)) / size ** 0.5 + mask, dim=-1)
                h = torch.matmul(p, v).permute(0, 2, 1, 3).contiguous()
                x = a.output.LayerNorm(a.output.dense(h.view(h.shape[0], h.shape[1], heads * size)) + x)
                x = layer.output.LayerNorm(layer.output.dense(layer.intermediate(x)) + x)
            return x

    def example(batch, length):
        ids = torch.randint(1000, 2000, (batch, length))
        mask = (torch.arange(length)[None] < torch.randint(length // 2, length + 1, (batch,))[:, None]).long()
        return ids, mask, torch.zeros_like(ids)

    plain, fused = (os.path.join(o.cache, n + ".onnx") for n in ("plain", "fused"))
    axes = {k: {0: "batch", 1: "tokens"} for k in (*INPUTS, "last_hidden_state")}
    hidden = Hidden().eval()                    # the exporter restores the mode it found
    torch.onnx.export(hidden, example(2, 9), plain, input_names=list(INPUTS), output_names=["last_hidden_state"],
                      dynamic_axes=axes, dynamo=False, opset_version=17)
    c = model.config
    m = optimizer.optimize_model(plain, model_type="bert", num_heads=c.num_attention_heads, hidden_size=c.hidden_size)
    m.save_model_to_file(fused)
    args = example(3, 41)
    real = args[1].bool()
    with torch.no_grad():
        want = model(input_ids=args[0], attention_mask=args[1], token_type_ids=args[2])[0][real].numpy()
    for path in (plain, fused):
        got = ort.InferenceSession(path).run(None, {k: v.numpy() for k, v in zip(INPUTS, args)})[0][real.numpy()]
        assert np.abs(got - want).max() < 1e-3, (path, np.abs(got - want).max())
    return {"fused_operators": {k: v for k, v in m.get_fused_operator_statistics().items() if v}}


def session(o):
    import onnxruntime as ort
    s = ort.SessionOptions()
    s.intra_op_num_threads, s.inter_op_num_threads = o.threads, 1
    s.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    return ort.InferenceSession(os.path.join(o.cache, o.graph + ".onnx"), s)


def shapes(o):
    import numpy as np
    s, out = session(o), {}
    for shape in o.what.split(","):
        batch, length = map(int, shape.split("x"))
        ids = np.random.default_rng(1).integers(1000, 30000, (batch, length), dtype=np.int64)
        feed = dict(zip(INPUTS, (ids, np.ones_like(ids), np.zeros_like(ids))))
        took = []
        until = time.perf_counter() + o.seconds
        while len(took) < 5 or time.perf_counter() < until:
            t = time.perf_counter()
            s.run(None, feed)
            took.append(time.perf_counter() - t)
        out[shape] = round(statistics.median(took[2:]) * 1e3, 3)
    return {"ms": out}


def text(o):
    import numpy as np
    from tokenizers import Tokenizer
    tok = Tokenizer.from_file(os.path.join(o.model, "tokenizer.json"))
    tok.no_padding()
    tok.enable_truncation(512)
    s = session(o)
    with open(o.what, encoding="utf8") as f:
        lines = f.read().splitlines()

    def one(batch):
        encoded = tok.encode_batch(batch)
        width = max(len(e.ids) for e in encoded)
        ids, mask = np.zeros((len(batch), width), np.int64), np.zeros((len(batch), width), np.int64)
        for i, e in enumerate(encoded):
            ids[i, :len(e.ids)] = e.ids
            mask[i, :len(e.ids)] = 1
        h = s.run(None, dict(zip(INPUTS, (ids, mask, np.zeros_like(ids)))))[0]
        v = (h * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return int(mask.sum()), mask.size, v / np.linalg.norm(v, axis=1, keepdims=True)

    one(lines[:32])
    t, real, padded, check = time.perf_counter(), 0, 0, 0.0
    for i in range(0, len(lines), 32):
        r, p, v = one(lines[i:i + 32])
        real, padded, check = real + r, padded + p, check + float(v[:, 0].sum())
    t = time.perf_counter() - t
    return {"texts": len(lines), "tokens": real, "padded_tokens": padded, "seconds": round(t, 4), "tok_s": round(real / t, 1), "check": round(check, 4)}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--model", required=True)
    a.add_argument("--cache", required=True)
    a.add_argument("--graph", choices=["plain", "fused"], default="plain")
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--seconds", type=float, default=3, help="a shape is run this long")
    a.add_argument("mode", choices=["export", "shapes", "text"])
    a.add_argument("what", nargs="?")
    o = a.parse_args()
    r = {"export": export, "shapes": shapes, "text": text}[o.mode](o)
    print(json.dumps({**r, "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


if __name__ == "__main__":
    main()
