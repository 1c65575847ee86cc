/* data/tokenizer/sentencepiece_files.c: a SentencePiece model as the text of a tokenizer.json; reading .model files.
 *
 * The standard members are what other readers can do of it: the normalizer with the character map, merges in the order
 * of their scores (longer left halves first where one piece can be made in several ways, as the usual converters do).
 * The member "sentencepiece" is what this program reads: see sentencepiece.h. */
#include "data/tokenizer/sentencepiece.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "data/tokenizer/json_build.h"
#include "data/tokenizer/sentencepiece_model.pb-c.h"

/* ---- the standard members ---------------------------------------------------------------------------------------- */

static Status write_pattern(cJSON *part, const char *kind, const char *pattern, const char *content)
{
    cJSON *o;
    TRY(build_object(part, "pattern", &o));
    TRY(json_add_string(o, kind, pattern));
    return json_add_string(part, "content", content);
}

static Status write_charmap(cJSON *list, const SpmModel *m)
{
    cJSON *part;
    char  *base64 = NULL;
    size_t n = sodium_base64_ENCODED_LEN(m->n_charsmap, sodium_base64_VARIANT_ORIGINAL);
    TRY(mem_new(&base64, n, 1));
    sodium_bin2base64(base64, n, m->charsmap, m->n_charsmap, sodium_base64_VARIANT_ORIGINAL);
    Status s = build_part(list, "", "Precompiled", &part);
    if (s == OK) s = json_add_string(part, "precompiled_charsmap", base64);
    free(base64);
    return s;
}

static Status write_normalizer(cJSON *root, const SpmModel *m)
{
    cJSON *sequence, *list, *part;
    TRY(build_part(root, "normalizer", "Sequence", &sequence));
    TRY(build_array(sequence, "normalizers", &list));
    if (m->n_charsmap > 0) TRY(write_charmap(list, m));
    if (m->remove_extra_whitespaces) {
        TRY(build_part(list, "", "Strip", &part));
        TRY(build_bool(part, "strip_left", true));
        TRY(build_bool(part, "strip_right", true));
        TRY(build_part(list, "", "Replace", &part));
        TRY(write_pattern(part, "Regex", " {2,}", " "));
    }
    if (m->add_dummy_prefix && !m->treat_whitespace_as_suffix) {
        TRY(build_part(list, "", "Prepend", &part));
        TRY(json_add_string(part, "prepend", SPM_SPACE));
    }
    if (!m->escape_whitespaces) return OK;
    TRY(build_part(list, "", "Replace", &part));
    return write_pattern(part, "String", " ", SPM_SPACE);
}

static Status write_decoder(cJSON *root, const SpmModel *m)
{
    cJSON *sequence, *list, *part;
    TRY(build_part(root, "decoder", "Sequence", &sequence));
    TRY(build_array(sequence, "decoders", &list));
    TRY(build_part(list, "", "Replace", &part));
    TRY(write_pattern(part, "String", SPM_SPACE, " "));
    TRY(build_part(list, "", "ByteFallback", &part));
    TRY(build_part(list, "", "Fuse", &part));
    if (!m->add_dummy_prefix) return OK;
    TRY(build_part(list, "", "Strip", &part));
    TRY(json_add_string(part, "content", " "));
    TRY(json_add_number(part, "start", 1));
    return json_add_number(part, "stop", 0);
}

static int32_t id_of_type(const SpmModel *m, SpmType type)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->pieces[i].type == (int)type) return (int32_t)i;
    return -1;
}

static Status write_added(cJSON *root, const SpmModel *m)
{
    cJSON *list;
    TRY(build_array(root, "added_tokens", &list));
    for (size_t i = 0; i < m->n; i++) {
        int type = m->pieces[i].type;
        if (type == SPM_UNKNOWN || type == SPM_CONTROL || type == SPM_USER_DEFINED)
            TRY(build_added(list, (int32_t)i, m->pieces[i].piece, type != SPM_USER_DEFINED));
    }
    return OK;
}

/* ---- merges, for other readers ----------------------------------------------------------------------------------- */

typedef struct Half { float score; uint32_t n_left; int32_t left, right; size_t made; } Half;
typedef struct Halves { Half *items; size_t n, cap; } Halves;

static int compare_halves(const void *a, const void *b)
{
    const Half *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->made != y->made) return x->made < y->made ? -1 : 1;
    return x->n_left > y->n_left ? -1 : x->n_left < y->n_left;
}

static Status find_halves(const SpmModel *m, const Vocab *v, Halves *out)
{
    Trie   trie = { .seed = v->seed };
    Status s = OK;
    for (size_t i = 0; s == OK && i < m->n; i++)
        if (m->pieces[i].type == SPM_NORMAL)
            s = trie_add(&trie, TRIE_ROOT, m->pieces[i].piece, strlen(m->pieces[i].piece), (int32_t)i);
    for (size_t i = 0; s == OK && i < m->n; i++) {
        const char *piece = m->pieces[i].piece;
        size_t      n = strlen(piece);
        uint32_t    node = TRIE_ROOT;
        for (size_t cut = 1; s == OK && m->pieces[i].type == SPM_NORMAL && cut < n; cut++) {
            node = trie_step(&trie, node, (unsigned char)piece[cut - 1]);
            int32_t left = node == TRIE_NONE ? -1 : trie.values[node];
            int32_t right = left < 0 ? -1 : vocab_find(v, piece + cut, n - cut);
            if (right < 0 || m->pieces[right].type != SPM_NORMAL) continue;
            s = mem_grow(&out->items, &out->cap, out->n + 1, sizeof *out->items);
            if (s == OK) out->items[out->n++] = (Half){ m->pieces[i].score, (uint32_t)cut, left, right, i };
        }
    }
    trie_release(&trie);
    return s;
}

static Status write_merges(cJSON *model, const SpmModel *m, const Vocab *v)
{
    Halves halves = { 0 };
    cJSON *list = NULL, *pair;
    Status s = find_halves(m, v, &halves);
    if (s == OK && halves.n > 1) qsort(halves.items, halves.n, sizeof *halves.items, compare_halves);
    if (s == OK) s = build_array(model, "merges", &list);
    for (size_t i = 0; s == OK && i < halves.n; i++) {
        s = build_array(list, "", &pair);
        if (s == OK) s = json_add_string(pair, "", m->pieces[halves.items[i].left].piece);
        if (s == OK) s = json_add_string(pair, "", m->pieces[halves.items[i].right].piece);
    }
    free(halves.items);
    return s;
}

static Status write_bpe(cJSON *model, const SpmModel *m, const Vocab *v)
{
    cJSON *vocab;
    TRY(json_add_string(model, "unk_token", m->pieces[id_of_type(m, SPM_UNKNOWN)].piece));
    TRY(build_bool(model, "fuse_unk", true));
    TRY(build_bool(model, "byte_fallback", m->byte_fallback));
    TRY(build_object(model, "vocab", &vocab));
    for (size_t i = 0; i < m->n; i++) TRY(json_add_number(vocab, m->pieces[i].piece, (double)i));
    return write_merges(model, m, v);
}

static Status write_unigram(cJSON *model, const SpmModel *m)
{
    cJSON *vocab, *pair;
    TRY(json_add_number(model, "unk_id", id_of_type(m, SPM_UNKNOWN)));
    TRY(build_bool(model, "byte_fallback", m->byte_fallback));
    TRY(build_array(model, "vocab", &vocab));
    for (size_t i = 0; i < m->n; i++) {
        TRY(build_array(vocab, "", &pair));
        TRY(json_add_string(pair, "", m->pieces[i].piece));
        TRY(json_add_number(pair, "", m->pieces[i].score));
    }
    return OK;
}

/* ---- the member of our own --------------------------------------------------------------------------------------- */

static Status write_own(cJSON *root, const SpmModel *m)
{
    cJSON *o, *scores;
    char  *types = NULL;
    TRY(build_object(root, "sentencepiece", &o));
    TRY(json_add_string(o, "model_type", m->bpe ? "bpe" : "unigram"));
    TRY(build_bool(o, "byte_fallback", m->byte_fallback));
    TRY(build_bool(o, "add_dummy_prefix", m->add_dummy_prefix));
    TRY(build_bool(o, "remove_extra_whitespaces", m->remove_extra_whitespaces));
    TRY(build_bool(o, "escape_whitespaces", m->escape_whitespaces));
    TRY(build_bool(o, "treat_whitespace_as_suffix", m->treat_whitespace_as_suffix));
    if (m->unk_surface) TRY(json_add_string(o, "unk_surface", m->unk_surface));
    TRY(mem_new(&types, m->n + 1, 1));
    for (size_t i = 0; i < m->n; i++) types[i] = (char)('0' + m->pieces[i].type);
    Status s = json_add_string(o, "types", types);
    free(types);
    TRY(s);
    if (!m->bpe) return OK;
    TRY(build_array(o, "scores", &scores));
    for (size_t i = 0; i < m->n; i++) TRY(json_add_number(scores, "", m->pieces[i].score));
    return OK;
}

static Status write_all(cJSON *root, const SpmModel *m, const Vocab *v)
{
    cJSON *part;
    TRY(build_head(root));
    TRY(write_added(root, m));
    TRY(write_normalizer(root, m));
    TRY(build_null(root, "pre_tokenizer"));
    BuildToken bos = { m->bos >= 0 ? m->pieces[m->bos].piece : "", m->bos };
    BuildToken eos = { m->eos >= 0 ? m->pieces[m->eos].piece : "", m->eos };
    const BuildToken *first = m->bos >= 0 ? &bos : NULL, *last = m->eos >= 0 ? &eos : NULL;
    if (first || last) TRY(build_template(root, &(BuildTemplate){ first, last, { last, first }, first ? 1 : 0 }));
    else TRY(build_null(root, "post_processor"));
    TRY(write_decoder(root, m));
    TRY(build_part(root, "model", m->bpe ? "BPE" : "Unigram", &part));
    TRY(m->bpe ? write_bpe(part, m, v) : write_unigram(part, m));
    return write_own(root, m);
}

static Status check_piece(const SpmModel *m, size_t i, const char *name)
{
    const SpmPiece *p = &m->pieces[i];
    size_t          bad;
    if (!*p->piece) return fail(ERR_FORMAT, "%s: piece %zu is empty", name, i);
    if (!utf8_valid(p->piece, strlen(p->piece), &bad))
        return fail(ERR_FORMAT, "%s: piece %zu is not UTF-8", name, i);
    if (p->type < SPM_NORMAL || p->type > SPM_BYTE)
        return fail(ERR_FORMAT, "%s: piece %zu (\"%.40s\") has the type %d", name, i, p->piece, p->type);
    if (!isfinite(p->score)) return fail(ERR_FORMAT, "%s: the score of piece %zu is not finite", name, i);
    return OK;
}

/* Strings in a Vocab, which finds out whether one stands twice. */
static Status index_pieces(Vocab *v, const SpmModel *m, const char *name)
{
    const char **strings = NULL;
    int32_t     *ids = NULL;
    Status       s = mem_new(&strings, m->n, sizeof *strings);
    if (s == OK) s = mem_new(&ids, m->n, sizeof *ids);
    for (size_t i = 0; s == OK && i < m->n; i++) {
        strings[i] = m->pieces[i].piece;
        ids[i] = (int32_t)i;
        s = check_piece(m, i, name);
    }
    uint64_t seed = 0x5EEDull;                    /* of a table that lives as long as this call; the text has its own */
    if (s == OK) s = vocab_build(v, strings, ids, m->n, seed, name);
    free(strings);
    free(ids);
    return s;
}

Status spm_to_json(char **out, const SpmModel *m, const char *name)
{
    Vocab  v = { 0 };
    cJSON *root = NULL;
    *out = NULL;
    if (m->n == 0 || m->n > TOKENIZER_MAX_VOCAB)
        return fail(ERR_FORMAT, "%s: %zu pieces; from 1 to %d are read", name, m->n, TOKENIZER_MAX_VOCAB);
    if (id_of_type(m, SPM_UNKNOWN) < 0) return fail(ERR_FORMAT, "%s: no piece is the unknown one", name);
    Status s = index_pieces(&v, m, name);
    if (s == OK && !(root = cJSON_CreateObject())) s = fail(ERR_MEMORY, "no memory for the vocabulary");
    if (s == OK) s = write_all(root, m, &v);
    if (s == OK) s = json_print(out, root, false);
    cJSON_Delete(root);
    vocab_release(&v);
    return s;
}

/* ---- .model files ------------------------------------------------------------------------------------------------ */

/* protobuf-c makes some 60 bytes of a piece that takes 2 in the file: what it may take is counted. */
typedef struct Budget { size_t left; } Budget;
enum { MAX_UNPACKED = 1 << 30 };

static void *budget_alloc(void *data, size_t size)
{
    Budget *b = data;
    if (size > b->left) return NULL;
    b->left -= size;
    return malloc(size ? size : 1);
}

static void budget_free(void *data, void *p)
{
    (void)data;
    free(p);
}

/* A string of a message, cut out as one that ends in NUL. */
static Status copy_bytes(char **out, ProtobufCBinaryData b, const char *what, const char *name)
{
    if (b.len > 0 && memchr(b.data, 0, b.len)) return fail(ERR_FORMAT, "%s: a NUL byte in %s", name, what);
    return text_format(out, "%.*s", (int)b.len, b.len ? (const char *)b.data : "");
}

/* Which tokens transformers' classes put around a text, and whose ids are not those of the .model. */
static const struct { const char *class; bool bos, eos, refused; } classes[] = {
    { "LlamaTokenizer", true, false, false },    { "GemmaTokenizer", true, false, false },
    { "CodeLlamaTokenizer", true, false, false }, { "T5Tokenizer", false, true, false },
    { "MT5Tokenizer", false, true, false },      { "XLMRobertaTokenizer", true, true, true },
    { "CamembertTokenizer", true, true, true },  { "MBartTokenizer", false, true, true },
    { "MBart50Tokenizer", true, true, true },    { "NllbTokenizer", true, true, true },
    { "BarthezTokenizer", true, true, true },    { "PegasusTokenizer", false, true, true },
    { "XGLMTokenizer", true, false, true },      { "DebertaV2Tokenizer", true, true, true },
    { "AlbertTokenizer", true, true, true },     { "XLNetTokenizer", false, true, true },
    { "BigBirdTokenizer", true, true, true },    { "RemBertTokenizer", true, true, true },
    { "FNetTokenizer", true, true, true },
};

static int32_t piece_id(const SpmModel *m, const char *piece)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->pieces[i].piece, piece) == 0) return (int32_t)i;
    return -1;
}

static Status apply_config(SpmModel *m, const cJSON *config, const char *name)
{
    const char *class;
    bool        bos = false, eos = false;
    char       *base = NULL;
    TRY(json_get_string(&class, config, "tokenizer_class", "", "tokenizer_config.json"));
    TRY(text_copy(&base, class));
    if (path_has_suffix(base, "Fast")) base[strlen(base) - 4] = '\0';
    for (size_t i = 0; i < COUNT(classes); i++) {
        if (strcmp(classes[i].class, base) != 0) continue;
        if (classes[i].refused) {
            free(base);
            return hint(fail(ERR_UNSUPPORTED, "%s: a %s has other ids than its model file", name, class),
                        "save its tokenizer.json beside it (tokenizer.save_pretrained in transformers)");
        }
        bos = classes[i].bos;
        eos = classes[i].eos;
    }
    free(base);
    TRY(json_get_bool(&bos, config, "add_bos_token", bos, "tokenizer_config.json"));
    TRY(json_get_bool(&eos, config, "add_eos_token", eos, "tokenizer_config.json"));
    m->bos = bos ? piece_id(m, "<s>") : -1;
    if (bos && m->bos < 0) m->bos = piece_id(m, "<bos>");
    m->eos = eos ? piece_id(m, "</s>") : -1;
    if (eos && m->eos < 0) m->eos = piece_id(m, "<eos>");
    return OK;
}

static Status check_features(const Spm__Model *p, const char *name)
{
    if (p->trainer_spec && p->trainer_spec->model_type != 1 && p->trainer_spec->model_type != 2)
        return hint(fail(ERR_UNSUPPORTED, "%s: model_type %d (word or char)", name, p->trainer_spec->model_type),
                    "unigram and bpe models can be read");
    if (p->denormalizer_spec && p->denormalizer_spec->precompiled_charsmap.len > 0)
        return hint(fail(ERR_UNSUPPORTED, "%s has a denormalizer", name),
                    "models trained without denormalization_rule_tsv can be read");
    return OK;
}

static Status model_of(SpmModel *m, const Spm__Model *p, char **strings, const char *name)
{
    const Spm__TrainerSpec    *trainer = p->trainer_spec;
    const Spm__NormalizerSpec *norm = p->normalizer_spec;
    *m = (SpmModel){ .n = p->n_pieces, .add_dummy_prefix = true, .remove_extra_whitespaces = true,
                     .escape_whitespaces = true, .bos = -1, .eos = -1 };
    TRY(check_features(p, name));
    TRY(mem_new(&m->pieces, m->n, sizeof *m->pieces));
    for (size_t i = 0; i < m->n; i++) {
        TRY(copy_bytes(&strings[i], p->pieces[i]->piece, "a piece", name));
        m->pieces[i] = (SpmPiece){ strings[i], p->pieces[i]->score, p->pieces[i]->type };
    }
    if (trainer) {
        m->bpe = trainer->model_type == 2;
        m->byte_fallback = trainer->byte_fallback;
        m->treat_whitespace_as_suffix = trainer->treat_whitespace_as_suffix;
        if (trainer->has_unk_surface) {
            TRY(copy_bytes(&strings[m->n], trainer->unk_surface, "unk_surface", name));
            m->unk_surface = strings[m->n];
        }
    }
    if (norm) {
        m->add_dummy_prefix = norm->add_dummy_prefix;
        m->remove_extra_whitespaces = norm->remove_extra_whitespaces;
        m->escape_whitespaces = norm->escape_whitespaces;
        m->charsmap = norm->precompiled_charsmap.data;
        m->n_charsmap = norm->precompiled_charsmap.len;
    }
    return OK;
}

static Status proto_to_json(char **out, const Spm__Model *p, const cJSON *config, const char *name)
{
    SpmModel m = { 0 };
    char   **strings = NULL;
    if (p->n_pieces > TOKENIZER_MAX_VOCAB)
        return fail(ERR_FORMAT, "%s: %zu pieces; at most %d are read", name, p->n_pieces, TOKENIZER_MAX_VOCAB);
    TRY(mem_new(&strings, p->n_pieces + 1, sizeof *strings));
    Status s = model_of(&m, p, strings, name);
    if (s == OK) s = apply_config(&m, config, name);
    if (s == OK) s = spm_to_json(out, &m, name);
    for (size_t i = 0; i <= p->n_pieces; i++) free(strings[i]);
    free(strings);
    free(m.pieces);
    return s;
}

Status sentencepiece_to_json(char **out, const void *bytes, size_t n, const cJSON *config, const char *name)
{
    Budget             budget = { MAX_UNPACKED };
    ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
    Spm__Model        *p = spm__model__unpack(&allocator, n, bytes);
    *out = NULL;
    if (!p)
        return hint(fail(ERR_FORMAT, "%s is not a SentencePiece model", name),
                    "check that the file is complete; a pointer to a large file is not the file itself");
    Status s = proto_to_json(out, p, config, name);
    spm__model__free_unpacked(p, &allocator);
    return s;
}

Status sentencepiece_file_to_json(char **out, const char *path, const cJSON *config)
{
    char  *bytes = NULL;
    size_t n = 0;
    *out = NULL;
    TRY(file_read(&bytes, &n, path, TOKENIZER_MAX_FILE));
    Status s = sentencepiece_to_json(out, bytes, n, config, path);
    free(bytes);
    return s;
}
