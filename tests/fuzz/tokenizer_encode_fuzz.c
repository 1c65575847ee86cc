/* tests/fuzz/tokenizer_encode_fuzz.c: any bytes as a text, through tokenizers of every kind. The first byte chooses tokenizer
 * and length; a 0x1E byte, if there is one, begins the second text of a pair. Offsets must lie in order in the text. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* JSON with ' for " and (in the vocabulary) water, an accented e, hangul jamo and a spacing mark that combines. */
#define MODEL(added, normalizer, pre)                                                                          \
    "{'added_tokens': [" added "], 'normalizer': " normalizer ", 'pre_tokenizer': " pre ","                    \
    " 'post_processor': {'type': 'BertProcessing', 'cls': ['[CLS]', 1], 'sep': ['[SEP]', 2]},"                 \
    " 'decoder': {'type': 'WordPiece'}, 'model': {'type': 'WordPiece', 'unk_token': '[UNK]', 'vocab': {"       \
    "'[UNK]': 0, '[CLS]': 1, '[SEP]': 2, '[MASK]': 3, 'a': 4, 'b': 5, '##a': 6, '##b': 7, 'the': 8, 'un': 9, " \
    "'##happy': 10, '\xE6\xB0\xB4': 11, '##\xC3\xA9': 12, '.': 13, '\xE1\x84\x92': 14, '##\xE1\x85\xA1': 15, " \
    "'\xE3\x80\xAE': 16, '##\xE3\x80\xAE': 17}}}"

/* Bytes as the only tokens: a model that every text goes through. filled() writes the vocabulary. */
#define COMPONENTS(normalizer, pre, post, decoder)                                                             \
    "{'normalizer': " normalizer ", 'pre_tokenizer': " pre ", 'post_processor': " post ", 'decoder': " decoder \
    ", 'model': {'type': 'BPE', 'unk_token': '<unk>', 'byte_fallback': true, 'merges': [], 'vocab': {'<unk>': 0@}}}"

static const char *const models[] = {
    MODEL("{'id': 3, 'content': '[MASK]', 'normalized': false}", "{'type': 'BertNormalizer'}",
          "{'type': 'BertPreTokenizer'}"),
    MODEL("{'id': 3, 'content': '[MASK]', 'normalized': false, 'lstrip': true},"
          "{'id': 18, 'content': 'B', 'normalized': true, 'single_word': true},"
          "{'id': 19, 'content': '\xC3\xA9', 'normalized': true, 'rstrip': true}",
          "{'type': 'BertNormalizer', 'clean_text': false, 'strip_accents': false}", "{'type': 'BertPreTokenizer'}"),
    MODEL("", "null", "null"),
    COMPONENTS("{'type': 'Sequence', 'normalizers': [{'type': 'Nmt'}, {'type': 'NFKC'}, {'type': 'Lowercase'}, {'type': 'Strip',"
               " 'strip_left': true, 'strip_right': true}]}",
               "{'type': 'Metaspace', 'replacement': '\xE2\x96\x81', 'prepend_scheme': 'first', 'split': true}", "null",
               "{'type': 'Sequence', 'decoders': [{'type': 'ByteFallback'}, {'type': 'Metaspace', 'replacement': 'a'}]}"),
    COMPONENTS("{'type': 'NFD'}", "{'type': 'ByteLevel', 'add_prefix_space': true, 'trim_offsets': true}",
               "{'type': 'RobertaProcessing', 'cls': ['<unk>', 0], 'sep': ['<unk>', 0]}", "{'type': 'ByteLevel'}"),
    COMPONENTS("{'type': 'Sequence', 'normalizers': [{'type': 'NFC'}, {'type': 'StripAccents'}, {'type': 'Replace', 'pattern':"
               " {'Regex': '\\\\p{P}+(?=\\\\w)|a|$'}, 'content': '\xC3\xA9.'}, {'type': 'NFKD'}, {'type': 'Prepend', 'prepend': 'ab'}]}",
               "{'type': 'Sequence', 'pretokenizers': [{'type': 'UnicodeScripts'}, {'type': 'Split', 'pattern': {'Regex':"
               " '\\\\s+(?!\\\\S)|\\\\d'}, 'behavior': 'MergedWithNext', 'invert': false}, {'type': 'Punctuation', 'behavior':"
               " 'Contiguous'}, {'type': 'Whitespace'}, {'type': 'Digits', 'individual_digits': true}, {'type': 'FixedLength',"
               " 'length': 7}]}",
               "{'type': 'Sequence', 'processors': [{'type': 'ByteLevel', 'trim_offsets': true}]}",
               "{'type': 'Sequence', 'decoders': [{'type': 'ByteFallback'}, {'type': 'Fuse'}, {'type': 'Replace', 'pattern':"
               " {'Regex': '\\\\W'}, 'content': '-'}, {'type': 'CTC', 'pad_token': 'a', 'word_delimiter_token': '|'}]}"),
};
enum { N_MODELS = sizeof models / sizeof models[0] };

/* The model with " for ' and the 256 bytes for @. */
static char *filled(const char *model)
{
    char *out = calloc(1, strlen(model) + 256 * 24), *to = out;
    for (const char *p = model; out && *p; p++) {
        if (*p != '@') *to++ = *p == '\'' ? '"' : *p;
        else
            for (int b = 0; b < 256; b++) to += sprintf(to, ", \"<0x%02X>\": %d", (unsigned)b, b + 1);
    }
    return out;
}

static Tokenizer *tokenizer(size_t i)
{
    static Tokenizer *open[N_MODELS];
    if (open[i]) return open[i];
    char *json = filled(models[i]);
    if (!json || tokenizer_parse(&open[i], json, strlen(json), "model") != OK) {
        status_print_last(stderr, false);
        abort();
    }
    free(json);
    return open[i];
}

/* A model of bytes gives a character's place to each of its bytes, and trimming may leave nothing. */
/* A second text begins behind special tokens or in another segment; both may be segment 0. */
static void check(const Encoding *e, size_t n1, size_t n2)
{
    int32_t before = 0;
    for (size_t i = 0; i < e->n; i++) {
        int32_t begin = e->offsets[2 * i], end = e->offsets[2 * i + 1];
        size_t  n = e->segments[i] || n2 > n1 ? n2 : n1;
        if (e->words[i] < 0 || (i > 0 && e->segments[i] != e->segments[i - 1])) before = 0;
        if (e->words[i] < 0) {
            if (begin != 0 || end != 0) abort();
            continue;
        }
        if (begin < before || end < begin || end > (int32_t)n) abort();
        before = begin;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Encoding e;                            /* reused, as a loader does; libFuzzer knows it is reachable */
    if (size == 0) return 0;
    const Tokenizer *t = tokenizer(data[0] % N_MODELS);
    EncodeOptions options = { .max_length = data[0] / N_MODELS % 8 * 3 };
    const char *text = (const char *)data + 1;
    size_t      n = size - 1;
    const char *pair = n ? memchr(text, 0x1E, n) : NULL;
    size_t      n1 = pair ? (size_t)(pair - text) : n, n2 = pair ? n - n1 - 1 : 0;
    EncodeWindows w = { 0 };
    options.stride = 1;
    options.truncate_left = data[0] & 1;
    bool more = encode_windows_begin(&w, t, text, n1, pair ? pair + 1 : NULL, n2, &options) == OK;
    for (int k = 0; k < 50 && more && encode_windows_next(&w, &more) == OK && more; k++)
        if (options.max_length && w.encoding.n > options.max_length) abort();
    encode_windows_release(&w);
    options.truncate_left = false;
    if (tokenizer_encode(t, text, n1, pair ? pair + 1 : NULL, n2, &options, &e) != OK) return 0;
    check(&e, n1, n2);
    char *back = NULL;
    if (tokenizer_decode(t, e.ids, e.n, true, &back) != OK) abort();
    free(back);
    return 0;
}
