#include "infer/serve/keys.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/json.h"

enum { MAX_FILE = 4 << 20, MAX_LINE = 8192 };

static Status read_digest(Key *key, const char *hex, size_t n, const char *where)
{
    size_t len = 0;
    if (n != 64 || sodium_hex2bin(key->digest, sizeof key->digest, hex, n, NULL, &len, NULL) != 0 || len != 32)
        return hint(fail(ERR_CONFIG, "%s: sha256 must be 64 hexadecimal digits", where), "printf %%s KEY | sha256sum");
    return OK;
}

/* RFC 6750's characters: what a Bearer header can carry. */
static Status read_plain(Key *key, const char *text, size_t n, const char *where)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return fail(ERR_CONFIG, "%s: a key has printable ASCII characters and no spaces", where);
    if (n < KEY_MIN_LENGTH || n > KEY_MAX_LENGTH)
        return hint(fail(ERR_CONFIG, "%s: a key of %zu characters; it needs %d to %d", where, n, KEY_MIN_LENGTH,
                         KEY_MAX_LENGTH),
                    "openssl rand -hex 24");
    crypto_hash_sha256(key->digest, (const unsigned char *)text, n);
    return OK;
}

static Status read_scopes(Key *key, const cJSON *list, const char *where)
{
    static const struct { const char *name; int bit; } known[] = {
        { "inference", KEY_INFERENCE }, { "metrics", KEY_METRICS }, { "assistants", KEY_OTHER },
        { "files", KEY_OTHER },         { "fine_tuning", KEY_OTHER }, { "admin", KEY_OTHER },
    };
    const cJSON *item;
    if (!list) return OK;
    if (!cJSON_IsArray(list)) return fail(ERR_CONFIG, "%s: scopes must be a list", where);
    key->scopes = 0;
    cJSON_ArrayForEach(item, list) {
        int bit = 0;
        for (size_t i = 0; i < COUNT(known) && cJSON_IsString(item); i++)
            if (strcmp(known[i].name, item->valuestring) == 0) bit = known[i].bit;
        if (!bit)
            return hint(fail(ERR_CONFIG, "%s: a scope that is not known", where),
                        "inference, metrics, assistants, files, fine_tuning, admin");
        key->scopes |= bit;
    }
    return OK;
}

static Status read_record(Key *key, const char *text, size_t n, const char *where)
{
    static const char *const known[] = { "id", "key", "sha256", "name", "tenant", "scopes", "max_concurrent",
                                         "max_body_bytes",
                                         "expires_at", "created_at", "last_used_at" };
    const char *plain = NULL, *digest = NULL, *id = NULL;
    cJSON      *json;
    Status s = json_parse(&json, text, n, where, JSON_REFUSE_NUL);
    if (s == OK && !cJSON_IsObject(json)) s = fail(ERR_CONFIG, "%s: a record is a JSON object", where);
    for (const cJSON *c = s == OK ? json->child : NULL; c && s == OK; c = c->next) {
        bool found = false;
        for (size_t i = 0; i < COUNT(known); i++) found |= strcmp(known[i], c->string) == 0;
        if (!found) s = hint(fail(ERR_CONFIG, "%s: this server does not know \"%s\" of a key", where, c->string),
                             "a limit that is not kept would be worse than none: remove it");
    }
    if (s == OK) s = json_get_string(&plain, json, "key", NULL, where);
    if (s == OK) s = json_get_string(&digest, json, "sha256", NULL, where);
    if (s == OK) s = json_get_string(&id, json, "id", NULL, where);
    if (s == OK) s = json_get_int(&key->max_concurrent, json, "max_concurrent", 0, where);
    if (s == OK) s = json_get_int(&key->max_body_bytes, json, "max_body_bytes", 0, where);
    if (s == OK) s = json_get_int(&key->expires_at, json, "expires_at", 0, where);
    if (s == OK && (key->max_concurrent < 0 || key->max_body_bytes < 0 || key->expires_at < 0))
        s = fail(ERR_CONFIG, "%s: limits and times cannot be negative", where);
    if (s == OK) s = read_scopes(key, json_get(json, "scopes"), where);
    if (s == OK && !plain == !digest) s = fail(ERR_CONFIG, "%s: a record has either key or sha256", where);
    if (s == OK)
        s = plain ? read_plain(key, plain, strlen(plain), where) : read_digest(key, digest, strlen(digest), where);
    if (id) snprintf(key->id, sizeof key->id, "%s", id);
    cJSON_Delete(json);
    return s;
}

static Status add_line(Keys *k, const char *line, size_t n, const char *name, int number)
{
    char where[512];
    Key  key = { .scopes = KEY_INFERENCE | KEY_METRICS | KEY_OTHER };
    while (n > 0 && strchr(" \t\r", line[n - 1]) && line[n - 1]) n--;
    while (n > 0 && (*line == ' ' || *line == '\t')) line++, n--;
    if (n == 0 || *line == '#') return OK;
    snprintf(where, sizeof where, "%.480s:%d", name, number);
    snprintf(key.id, sizeof key.id, "line-%d", number);
    if (n > MAX_LINE) return fail(ERR_CONFIG, "%s: a line of %zu bytes", where, n);
    Status s = *line == '{' ? read_record(&key, line, n, where)
             : n >= 7 && memcmp(line, "sha256:", 7) == 0 ? read_digest(&key, line + 7, n - 7, where)
             : read_plain(&key, line, n, where);
    if (s != OK) return s == ERR_FORMAT ? ERR_CONFIG : s;
    for (size_t i = 0; i < k->n; i++)
        if (memcmp(k->items[i].digest, key.digest, sizeof key.digest) == 0)
            return fail(ERR_CONFIG, "%s: this key stands twice", where);
    if (k->n == KEYS_MAX) return fail(ERR_CONFIG, "%s: more than %d keys", where, KEYS_MAX);
    TRY(mem_grow(&k->items, &k->cap, k->n + 1, sizeof *k->items));
    memcpy(&k->items[k->n++], &key, sizeof key);
    return OK;
}

Status keys_parse(Keys *k, const char *text, size_t n, const char *name)
{
    int number = 1;
    for (size_t at = 0; at < n; number++) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t      len = end ? (size_t)(end - text) - at : n - at;
        TRY(add_line(k, text + at, len, name, number));
        at += len + 1;
    }
    return OK;
}

Status keys_read(Keys *k, const char *path)
{
    char  *text = NULL;
    size_t n;
    TRY(file_read(&text, &n, path, MAX_FILE));
    Status s = keys_parse(k, text, n, path);
    sodium_memzero(text, n);
    free(text);
    if (s == OK && k->n == 0)
        s = hint(fail(ERR_CONFIG, "%s: there is no key in it", path), "a key a line; openssl rand -hex 24 makes one");
    return s;
}

void keys_release(Keys *k)
{
    free(k->items);
    *k = (Keys){ 0 };
}

Key *keys_find(const Keys *k, const char *presented, size_t n, int64_t now)
{
    unsigned char digest[32];
    Key          *found = NULL;
    crypto_hash_sha256(digest, (const unsigned char *)presented, n);
    for (size_t i = 0; i < k->n; i++)
        if (sodium_memcmp(k->items[i].digest, digest, sizeof digest) == 0) found = &k->items[i];
    return found && (found->expires_at == 0 || now < found->expires_at) ? found : NULL;
}
