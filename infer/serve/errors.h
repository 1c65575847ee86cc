/* infer/serve/errors.h: how a request fails: one kind of error is one row of HTTP status, type and code, and every
 * error leaves as the same body, {"error": {"message", "type", "param", "code"}}, which the published clients read.
 *
 * Functions that judge a request give false and fill an ApiError; the message never holds a path, an address or the
 * text that was sent. */
#ifndef INFER_SERVE_ERRORS_H
#define INFER_SERVE_ERRORS_H

#include "core/status.h"
#include "core/text.h"

/* kind, HTTP status, type, code (NULL: null) */
#define API_ERROR_LIST(X)                                                                       \
    X(API_BAD_REQUEST,    400, "invalid_request_error", NULL)                                   \
    X(API_BAD_JSON,       400, "invalid_request_error", "invalid_json")                         \
    X(API_UNKNOWN_FIELD,  400, "invalid_request_error", "unknown_parameter")                    \
    X(API_TOO_LONG,       400, "invalid_request_error", "context_length_exceeded")              \
    X(API_BAD_BETA,       400, "invalid_request_error", "invalid_beta")                         \
    X(API_BAD_KEY,        401, "invalid_request_error", "invalid_api_key")                      \
    X(API_FORBIDDEN,      403, "permission_error",      "insufficient_permissions")             \
    X(API_NO_URL,         404, "invalid_request_error", "unknown_url")                          \
    X(API_NO_MODEL,       404, "invalid_request_error", "model_not_found")                      \
    X(API_BAD_METHOD,     405, "invalid_request_error", "method_not_allowed")                   \
    X(API_TOO_LARGE,      413, "invalid_request_error", "payload_too_large")                    \
    X(API_LONG_URL,       414, "invalid_request_error", "uri_too_long")                         \
    X(API_MEDIA_TYPE,     415, "invalid_request_error", "unsupported_media_type")               \
    X(API_TOO_MANY,       429, "requests",              "rate_limit_exceeded")                  \
    X(API_QUEUE_FULL,     429, "requests",              "queue_full")                           \
    X(API_HEADERS,        431, "invalid_request_error", "headers_too_large")                    \
    X(API_INTERNAL,       500, "server_error",          "internal_error")                       \
    X(API_LOADING,        503, "server_error",          "model_loading")                        \
    X(API_DRAINING,       503, "server_error",          "shutting_down")                        \
    X(API_NO_MEMORY,      503, "server_error",          "out_of_memory")                        \
    X(API_LATE,           504, "server_error",          "timeout")

typedef enum ApiErrorKind {
    API_OK,
#define API_ERROR_ENUM(kind, status, type, code) kind,
    API_ERROR_LIST(API_ERROR_ENUM)
#undef API_ERROR_ENUM
} ApiErrorKind;

typedef struct ApiError { ApiErrorKind kind; char param[96], message[480]; } ApiError;

/* param NULL: no field is to blame. Gives false. */
bool api_fail(ApiError *e, ApiErrorKind kind, const char *param, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The calling thread's failure as an answer: what the caller can cure as 400, the rest as 500 or 503. Gives false. */
bool api_fail_status(ApiError *e, Status s, const char *param);

int    api_error_http_status(ApiErrorKind kind);
const char *api_error_code(ApiErrorKind kind);      /* "" when it has none */
Status api_error_body(const ApiError *e, Text *out) MUST_USE;

#endif
