/* data/tokenizer/bpe_joints.c: which neighbouring characters merges can join, so that words are cut everywhere else.
 *
 * The first merge that crosses the place between two characters has its halves meet there: its left half ends with the
 * character before, or begins inside it; its right half begins with the character behind, or ends inside it. So one
 * look at where the halves of each merge meet finds every joint. Where there is none, what stands on one side has no
 * say in the merges of the other, whatever their ranks.
 *
 * Characters are packed, their bytes one behind another in a number. A key of the set is what the left half has of
 * the character before (all of it or its last bytes) and what the right half has of the one behind (all or its first
 * bytes). Only places beside a character that is not ASCII are looked at: words of letters are short and come again. */
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/tokenizer/bpe.h"
#include "data/tokenizer/tokenizer_internal.h"

enum { WHOLE = 0, NO_PART = 4 };                  /* what a half has of a character: all, 1 to 3 bytes, never any */

typedef struct Part { uint32_t bytes; unsigned kind; } Part;
typedef struct Char { uint32_t bytes; unsigned len; } Char;                         /* bytes 0: not UTF-8, or NUL */

static inline bool continues(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

static inline unsigned length_of(char first)
{
    unsigned char c = (unsigned char)first;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static inline uint32_t pack(const char *s, size_t n)
{
    uint32_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes = bytes << 8 | (unsigned char)s[i];
    return bytes;
}

/* ---- the set ----------------------------------------------------------------------------------------------------- */

static inline uint64_t *slot_of(const BpeJoints *joints, uint64_t key)
{
    for (uint32_t i = (uint32_t)hash_mix(hash_mix(key ^ joints->seed));; i++) {
        uint64_t *slot = &joints->slots[i & joints->mask];
        if (*slot == key || *slot == 0) return slot;
    }
}

static inline uint64_t key_of(uint32_t left, uint32_t right) { return (uint64_t)left << 32 | right; }

/* What the left half has of the character before the place where the halves meet. */
static Part left_part(const char *s, size_t n)
{
    size_t from = n - 1;
    while (from > 0 && continues(s[from])) from--;
    size_t len = n - from;
    if (continues(s[from])) return len < NO_PART ? (Part){ pack(s, n), (unsigned)len } : (Part){ 0, NO_PART };
    return len == length_of(s[from]) ? (Part){ pack(s + from, len), WHOLE } : (Part){ 0, NO_PART };
}

/* And the right half of the one behind; a half that begins inside a character meets its left at no such place. */
static Part right_part(const char *s, size_t n)
{
    size_t len = 1, whole = length_of(s[0]);
    if (continues(s[0])) return (Part){ 0, NO_PART };
    while (len < n && len < whole && continues(s[len])) len++;
    if (len == whole) return (Part){ pack(s, len), WHOLE };
    return len == n ? (Part){ pack(s, len), (unsigned)len } : (Part){ 0, NO_PART };
}

/* The text that a token stands for; empty for characters that stand for no byte, which a word of bytes never gets. */
static Status text_of(Text *out, const char *token, bool raw)
{
    size_t n = strlen(token);
    text_clear(out);
    if (!raw) return text_add(out, token, n);
    for (size_t i = 0, len; i < n; i += len) {
        uint32_t cp;
        len = (size_t)utf8_decode(token + i, n - i, &cp);
        int byte = len > 0 ? byte_of_char(cp) : -1;
        if (byte < 0) {
            text_clear(out);
            return OK;
        }
        char c = (char)byte;
        TRY(text_add(out, &c, 1));
    }
    return OK;
}

typedef struct Keys { uint64_t *items; size_t n, cap; } Keys;

static Status add_merge(BpeJoints *joints, Keys *keys, const Text *left, const Text *right)
{
    if (left->len == 0 || right->len == 0) return OK;
    Part a = left_part(left->data, left->len), b = right_part(right->data, right->len);
    if (a.kind == NO_PART || b.kind == NO_PART || (a.bytes < 0x80 && b.bytes < 0x80)) return OK;
    if (keys->n == keys->cap) TRY(mem_grow(&keys->items, &keys->cap, keys->n + 1, sizeof *keys->items));
    keys->items[keys->n++] = key_of(a.bytes, b.bytes);
    joints->shapes |= 1u << (a.kind * NO_PART + b.kind);
    return OK;
}

static Status fill(BpeJoints *joints, const Keys *keys)
{
    size_t slots = 16;
    while (slots < 2 * keys->n) slots *= 2;
    joints->mask = (uint32_t)(slots - 1);
    TRY(mem_new(&joints->slots, slots, sizeof *joints->slots));
    for (size_t i = 0; i < keys->n; i++) *slot_of(joints, keys->items[i]) = keys->items[i];
    return OK;
}

Status bpe_joints_init(BpeJoints *joints, const BpeTable *table, const Vocab *vocab, bool raw)
{
    Keys   keys = { 0 };
    Text   left = { 0 }, right = { 0 };
    Status s = OK;
    *joints = (BpeJoints){ .seed = table->seed };
    for (uint32_t i = 0; s == OK && i <= table->mask; i++) {
        uint64_t pair = table->slots[i].pair;
        if (pair == BPE_FREE) continue;
        s = text_of(&left, vocab_string(vocab, (int32_t)(pair >> 32)), raw);
        if (s == OK) s = text_of(&right, vocab_string(vocab, (int32_t)(uint32_t)pair), raw);
        if (s == OK) s = add_merge(joints, &keys, &left, &right);
    }
    if (s == OK) s = fill(joints, &keys);
    text_release(&left);
    text_release(&right);
    free(keys.items);
    return s;
}

void bpe_joints_release(BpeJoints *joints)
{
    free(joints->slots);
    *joints = (BpeJoints){ 0 };
}

/* ---- cutting ----------------------------------------------------------------------------------------------------- */

static inline Char char_at(const char *s, size_t n)
{
    Char c = { (unsigned char)s[0], 1 };
    if (c.bytes < 0x80) return c;
    unsigned len = length_of(s[0]);
    if (continues(s[0]) || len > n) return (Char){ 0, 1 };
    for (; c.len < len; c.len++) {
        if (!continues(s[c.len])) return (Char){ 0, c.len };
        c.bytes = c.bytes << 8 | (unsigned char)s[c.len];
    }
    return c;
}

static bool joined(const BpeJoints *joints, Char left, Char right)
{
    if (left.bytes == 0 || right.bytes == 0) return true;
    for (unsigned shapes = joints->shapes; shapes; shapes &= shapes - 1) {
        unsigned shape = (unsigned)__builtin_ctz(shapes), tail = shape / NO_PART, head = shape % NO_PART;
        if (tail >= left.len || head >= right.len) continue;
        uint32_t a = tail == WHOLE ? left.bytes : left.bytes & (UINT32_MAX >> (32 - 8 * tail));
        uint32_t b = head == WHOLE ? right.bytes : right.bytes >> 8 * (right.len - head);
        if (*slot_of(joints, key_of(a, b))) return true;
    }
    return false;
}

size_t bpe_joints_end(const BpeJoints *joints, const char *word, size_t n, size_t from)
{
    Char left = char_at(word + from, n - from);
    for (size_t at = from + left.len; at < n; at += left.len) {
        Char right = char_at(word + at, n - at);
        if ((left.bytes >= 0x80 || right.bytes >= 0x80) && !joined(joints, left, right)) return at;
        left = right;
    }
    return n;
}
