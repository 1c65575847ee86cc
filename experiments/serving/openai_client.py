"""The official Python client against `whet serve`, unchanged but for base_url and api_key.

    python openai_client.py WHET MODEL [CLASSIFIER]      (package openai; a sentence encoder, and any classifier)

Proves models.list and retrieve, embeddings as the client asks by default (base64) and as floats, lists and token ids,
and that each error arrives as the client's own exception with code and param. Prints a table; ends with 1 if a row fails.
"""
import concurrent.futures
import math
import os
import signal
import subprocess
import sys
import tempfile
import time

import openai

KEY = "sk-test-0123456789abcdef"
rows = []


def check(name, holds, note=""):
    rows.append((name, bool(holds), note))


def start(whet, *args):
    process = subprocess.Popen([whet, "serve", "--port=0", "--log=errors", *args], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("listening on "):
            return process, line.split()[2]
    sys.exit("the server did not start")


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.stderr.close()
    return process.wait(20)


def raised(kind, call, **want):
    try:
        call()
    except kind as error:
        return all(getattr(error, k) == v for k, v in want.items()) and bool(error.request_id)
    except Exception as error:
        print("  another error:", repr(error)[:200], file=sys.stderr)
    return False


def client(url, key=KEY, retries=0):
    return openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=retries, timeout=60)


def answers(url):
    api = client(url)
    names = [m.id for m in api.models.list()]
    check("models.list", "encoder" in names)
    check("models.retrieve", api.models.retrieve("encoder").object == "model")

    texts = ["where is my parcel?", "I want my money back", "an entirely different thing, which is longer"]
    default = api.embeddings.create(model="encoder", input=texts)
    floats = api.embeddings.create(model="encoder", input=texts, encoding_format="float")
    check("embeddings, order and types", [d.index for d in default.data] == [0, 1, 2] and isinstance(default.data[0].embedding[0], float))
    check("embeddings, length 1", all(abs(math.fsum(x * x for x in d.embedding) - 1) < 1e-5 for d in default.data))
    worst = max(abs(x - y) for a, b in zip(default.data, floats.data) for x, y in zip(a.embedding, b.embedding))
    check("embeddings, base64 (default) = float", worst < 1e-7, f"{worst:.1e}")
    alone = [api.embeddings.create(model="encoder", input=t).data[0].embedding for t in texts]
    worst = max(abs(x - y) for a, b in zip(alone, floats.data) for x, y in zip(a, b.embedding))
    check("embeddings, alone = in a list", worst < 1e-5, f"{worst:.1e}")
    check("embeddings, usage", default.usage.prompt_tokens == default.usage.total_tokens > 10)
    ids = api.embeddings.create(model="encoder", input=[[101, 2073, 102], [101, 102]])
    check("embeddings, token ids", len(ids.data) == 2 and ids.usage.prompt_tokens == 5)
    check("embeddings, user and request id", api.embeddings.create(model="encoder", input="a", user="u")._request_id.startswith("req_"))

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        many = list(pool.map(lambda i: api.embeddings.create(model="encoder", input=texts[i % 3]).data[0].embedding, range(96)))
    worst = max(abs(x - y) for i, v in enumerate(many) for x, y in zip(v, alone[i % 3]))
    check("96 requests from 32 threads = alone", worst < 1e-5, f"{worst:.1e}")


def errors(url):
    api = client(url)
    create = api.embeddings.create
    check("AuthenticationError", raised(openai.AuthenticationError, client(url, "sk-wrong-key").models.list, status_code=401, code="invalid_api_key"))
    check("NotFoundError, model", raised(openai.NotFoundError, lambda: create(model="nope", input="a"), code="model_not_found", param="model"))
    check("NotFoundError, URL", raised(openai.NotFoundError, lambda: api.chat.completions.create(model="encoder", messages=[]), code="unknown_url"))
    check("BadRequestError, empty", raised(openai.BadRequestError, lambda: create(model="encoder", input=""), param="input", type="invalid_request_error"))
    check("BadRequestError, dimensions", raised(openai.BadRequestError, lambda: create(model="encoder", input="a", dimensions=7), param="dimensions"))
    check("BadRequestError, too long", raised(openai.BadRequestError, lambda: create(model="encoder", input="word " * 3000), code="context_length_exceeded"))
    check("BadRequestError, too many", raised(openai.BadRequestError, lambda: create(model="encoder", input=["a"] * 2049), param="input"))
    long = create(model="encoder", input="word " * 3000, extra_body={"truncate": True})
    check("truncate: true", long.usage.prompt_tokens > 100)
    check("APIStatusError 413", raised(openai.APIStatusError, lambda: create(model="encoder", input="x" * 5_000_000), status_code=413, code="payload_too_large"))


def full_queue(whet, model):
    """One place in the queue: without retries some of 24 clients get a RateLimitError, with retries none does."""
    process, url = start(whet, "--model=encoder=" + model, "--max_queue=1", "--max_batch_tokens=64")
    texts = ["a sentence that keeps the model busy for a moment"] * 16

    def one(retries):
        try:
            client(url, retries=retries).embeddings.create(model="encoder", input=texts)
            return "ok"
        except openai.RateLimitError as error:
            return error.code
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        got = list(pool.map(one, [0] * 24))
        check("RateLimitError, queue full", "queue_full" in got and "ok" in got and set(got) == {"ok", "queue_full"}, f"{got.count('queue_full')} of 24")
        got = list(pool.map(one, [60] * 24))
        check("the client's retries get through", set(got) == {"ok"}, f"{got.count('ok')} of 24")
    stop(process)


def classify(whet, classifier):
    process, url = start(whet, "--model=intents=" + classifier)
    api = client(url)
    answer = api.post("/classify", body={"text": "where is my parcel?", "top_k": 3}, cast_to=object)
    check("POST /v1/classify by the client", answer["label"] == answer["scores"][0]["label"] and len(answer["scores"]) <= 3)
    check("embeddings of a classifier: BadRequestError", raised(openai.BadRequestError, lambda: api.embeddings.create(model="intents", input="a"), param="model"))
    stop(process)


def main():
    whet, model = sys.argv[1:3]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as keys:
        keys.write(KEY + "\n")
    begin = time.time()
    process, url = start(whet, "--model=encoder=" + model, "--api_keys=" + keys.name)
    answers(url)
    errors(url)
    check("SIGTERM ends with 0", stop(process) == 0)
    os.unlink(keys.name)
    full_queue(whet, model)
    if len(sys.argv) > 3:
        classify(whet, sys.argv[3])
    for name, holds, note in rows:
        print(f"{'ok  ' if holds else 'FAIL'}  {name}{'  (' + note + ')' if note else ''}")
    print(f"openai {openai.__version__}: {sum(r[1] for r in rows)} of {len(rows)} in {time.time() - begin:.1f} s")
    sys.exit(not all(r[1] for r in rows))


main()
