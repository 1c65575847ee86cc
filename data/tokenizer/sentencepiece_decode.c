/* data/tokenizer/sentencepiece_decode.c: ids to text as SentencePiece does it.
 *
 * U+2581 becomes a space; in front of the first text it disappears where encoding put it (add_dummy_prefix, once) or
 * would not have kept it (remove_extra_whitespaces, all that one piece has). Byte pieces join to characters; a byte
 * that begins none is U+FFFD. Control pieces are nothing, unless asked for; the unknown piece is its surface. */
#include "data/tokenizer/sentencepiece.h"

#include <string.h>

#include "core/text.h"

/* The byte that "<0x41>" stands for. */
static int byte_of(const char *piece)
{
    int value = 0;
    for (const char *c = piece + 3; c < piece + 5; c++) value = value * 16 + (*c >= 'A' ? *c - 'A' + 10 : *c - '0');
    return value;
}

static Status add_bytes(Text *bytes, Text *out)
{
    for (size_t i = 0; i < bytes->len;) {
        uint32_t cp;
        int      n = utf8_decode(bytes->data + i, bytes->len - i, &cp);
        TRY(n ? text_add(out, bytes->data + i, (size_t)n) : text_add(out, "\xEF\xBF\xBD", 3));
        i += n ? (size_t)n : 1;
    }
    text_clear(bytes);
    return OK;
}

static Status add_spaced(Text *out, const char *piece)
{
    for (const char *space; (space = strstr(piece, SPM_SPACE)); piece = space + 3) {
        TRY(text_add(out, piece, (size_t)(space - piece)));
        TRY(text_add(out, " ", 1));
    }
    return text_add(out, piece, strlen(piece));
}

typedef struct Decoding { bool at_start, dummy_seen, skip_special; Text *out; } Decoding;

static Status add_piece(const Tokenizer *t, int32_t id, Decoding *d)
{
    const Spm  *spm = t->model;
    int         type = id < t->vocab.size ? spm->types[id] : 0;
    const char *piece = tokenizer_token(t, id);
    if (d->dummy_seen || d->out->len > 0) d->at_start = false;
    d->dummy_seen = false;
    if (type == SPM_UNKNOWN) return text_add(d->out, spm->unk_surface, strlen(spm->unk_surface));
    if (type == SPM_CONTROL || type == 0) {
        bool hide = d->skip_special && tokenizer_is_special(t, id);
        return hide ? OK : text_add(d->out, piece, strlen(piece));
    }
    if (d->at_start && (spm->add_dummy_prefix || spm->remove_extra_whitespaces) && strncmp(piece, SPM_SPACE, 3) == 0) {
        piece += 3;
        d->dummy_seen = !spm->remove_extra_whitespaces;
    }
    return add_spaced(d->out, piece);
}

Status spm_decode(const Tokenizer *t, const int32_t *ids, size_t n, bool skip_special, Text *out)
{
    const Spm *spm = t->model;
    Decoding   d = { .at_start = true, .skip_special = skip_special, .out = out };
    Text       bytes = { 0 };
    Status     s = OK;
    for (size_t i = 0; s == OK && i < n; i++) {
        if (!tokenizer_token(t, ids[i])) {
            s = fail(ERR_DATA, "there is no token with the id %d; ids run from 0 to %d", ids[i], t->size - 1);
        } else if (ids[i] < t->vocab.size && spm->types[ids[i]] == SPM_BYTE) {
            char byte = (char)byte_of(vocab_string(&t->vocab, ids[i]));
            s = text_add(&bytes, &byte, 1);
        } else {
            s = add_bytes(&bytes, out);
            if (s == OK) s = add_piece(t, ids[i], &d);
        }
    }
    if (s == OK) s = add_bytes(&bytes, out);
    text_release(&bytes);
    return s;
}
