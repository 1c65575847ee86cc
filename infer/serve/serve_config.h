/* infer/serve/serve_config.h: the settings of a server, one option table for config file, flags and help. */
#ifndef INFER_SERVE_SERVE_CONFIG_H
#define INFER_SERVE_SERVE_CONFIG_H

#include "core/options.h"

typedef struct ServerConfig {
    char      *host, *device, *log;
    char      *api_keys, *tls_cert, *tls_key;          /* files; NULL: none */
    StringList models;                                 /* "NAME=PATH" or "PATH" */
    bool       insecure_no_auth, strict_params;
    int64_t    port, threads;
    int64_t    max_body_bytes, max_items, max_queue, max_batch_tokens, max_concurrent, max_connections;
    double     request_timeout, drain_seconds;
} ServerConfig;

extern const OptionTable server_config_table;

Status server_config_default(ServerConfig *c) MUST_USE;                      /* c zeroed */
void   server_config_release(ServerConfig *c);
/* The models' paths resolve against the file's folder. */
Status server_config_read(ServerConfig *c, const char *path) MUST_USE;
Status server_config_check(const ServerConfig *c) MUST_USE;                 /* what one option alone cannot know */

/* Takes a models entry apart; gives both. A PATH alone is named by its last part. */
Status server_config_model(const char *entry, char **name, char **path) MUST_USE;

#endif
