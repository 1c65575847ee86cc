#include "infer/serve/errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

typedef struct ErrorRow { int status; const char *type, *code; } ErrorRow;

static const ErrorRow rows[] = {
    [API_OK] = { 200, NULL, NULL },
#define API_ERROR_ROW(kind, status, type, code) [kind] = { status, type, code },
    API_ERROR_LIST(API_ERROR_ROW)
#undef API_ERROR_ROW
};

/* Messages quote names that clients chose: what is cut in the middle of a character, or is none, becomes "?". */
static void make_printable(char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int      len = utf8_decode(s + i, n - i, &cp);
        if (len == 0 || cp < 0x20 || cp == 0x7F) s[i] = '?';
        i += len ? (size_t)len : 1;
    }
}

bool api_fail(ApiError *e, ApiErrorKind kind, const char *param, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->message, sizeof e->message, fmt, ap);
    va_end(ap);
    snprintf(e->param, sizeof e->param, "%s", param ? param : "");
    make_printable(e->message);
    make_printable(e->param);
    e->kind = kind;
    return false;
}

bool api_fail_status(ApiError *e, Status s, const char *param)
{
    if (s == ERR_MEMORY) return api_fail(e, API_NO_MEMORY, NULL, "there is no memory for this request now");
    if (s != ERR_DATA && s != ERR_FORMAT)
        return api_fail(e, API_INTERNAL, NULL, "the server failed to answer this request");
    const char *more = status_hint();
    return api_fail(e, API_BAD_REQUEST, param, "%s%s%s", status_fact(), more[0] ? ": " : "", more);
}

int api_error_http_status(ApiErrorKind kind) { return rows[kind].status; }

const char *api_error_code(ApiErrorKind kind) { return rows[kind].code ? rows[kind].code : ""; }

Status api_error_body(const ApiError *e, Text *out)
{
    char  *text = NULL;
    cJSON *root = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(root, "error");
    const ErrorRow *row = &rows[e->kind];
    Status s = json_add_string(error, "message", e->message);
    if (s == OK) s = json_add_string(error, "type", row->type);
    if (s == OK) s = json_add(error, "param", e->param[0] ? cJSON_CreateString(e->param) : cJSON_CreateNull());
    if (s == OK) s = json_add(error, "code", row->code ? cJSON_CreateString(row->code) : cJSON_CreateNull());
    if (s == OK) s = json_print(&text, root, false);
    if (s == OK) s = text_add(out, text, strlen(text));
    free(text);
    cJSON_Delete(root);
    return s;
}
