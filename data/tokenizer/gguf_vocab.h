/* data/tokenizer/gguf_vocab.h: the vocabulary in the header of a GGUF file, as the text of a tokenizer.json.
 *
 * tokenizer.ggml.model says the kind: bert (WordPiece), gpt2 (byte-level BPE, split as tokenizer.ggml.pre says), llama
 * (SentencePiece BPE), t5 (SentencePiece Unigram). Ids are those of llama.cpp for plain text. Whether a WordPiece
 * vocabulary lowers case is not in the file: it does unless the vocabulary has capital letters as words. */
#ifndef DATA_TOKENIZER_GGUF_VOCAB_H
#define DATA_TOKENIZER_GGUF_VOCAB_H

#include <stddef.h>

#include "core/status.h"

/* Tensors are neither read nor copied. Gives *out. */
Status gguf_vocab_to_json(char **out, const void *bytes, size_t n, const char *name) MUST_USE;
Status gguf_vocab_file_to_json(char **out, const char *path) MUST_USE;

#endif
