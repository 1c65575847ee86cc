#include "infer/serve/serve_config.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"

#define AT(member) OFFSET(ServerConfig, member)
static const Option options[] = {
    { "models", OPTION_STRINGS, AT(models), NULL, 0, 0, NULL, "model",
      "what to serve: PATH, or NAME=PATH; several with commas" },
    { "host", OPTION_STRING, AT(host), "127.0.0.1", 0, 0, NULL, NULL,
      "address to listen on; any but this machine's own needs api_keys" },
    { "port", OPTION_INT, AT(port), "8080", 0, 65535, NULL, NULL, "port to listen on; 0: any free one" },
    { "api_keys", OPTION_PATH, AT(api_keys), NULL, 0, 0, NULL, NULL,
      "a file with a key a line: plain, sha256:HEX, or a JSON record" },
    { "insecure_no_auth", OPTION_BOOL, AT(insecure_no_auth), "false", 0, 0, NULL, NULL,
      "listen beyond this machine without keys" },
    { "tls_cert", OPTION_PATH, AT(tls_cert), NULL, 0, 0, NULL, NULL,
      "certificate chain, PEM; with tls_key the server speaks HTTPS" },
    { "tls_key", OPTION_PATH, AT(tls_key), NULL, 0, 0, NULL, NULL, "private key, PEM" },
    { "max_body_bytes", OPTION_INT, AT(max_body_bytes), "4194304", 64, 1 << 30, NULL, NULL, "largest request body" },
    { "max_items", OPTION_INT, AT(max_items), "2048", 1, 1 << 20, NULL, NULL,
      "most texts in one request; classify takes 256 at most" },
    { "max_queue", OPTION_INT, AT(max_queue), "64", 1, 1 << 16, NULL, NULL, "requests that may wait for one model" },
    { "max_batch_tokens", OPTION_INT, AT(max_batch_tokens), "8192", 1, 1 << 20, NULL, NULL,
      "tokens that are answered in one pass" },
    { "max_concurrent", OPTION_INT, AT(max_concurrent), "64", 1, 1 << 16, NULL, NULL, "requests at a time of one key" },
    { "max_connections", OPTION_INT, AT(max_connections), "4096", 1, 1 << 16, NULL, NULL, "open connections" },
    { "request_timeout", OPTION_NUMBER, AT(request_timeout), "120", 1e-3, 86400, NULL, NULL,
      "seconds until an answer must have begun" },
    { "drain_seconds", OPTION_NUMBER, AT(drain_seconds), "30", 0, 86400, NULL, "drain",
      "seconds that open requests get when the server stops" },
    { "strict_params", OPTION_BOOL, AT(strict_params), "false", 0, 0, NULL, NULL,
      "refuse unknown fields of a request instead of naming them" },
    { "device", OPTION_CHOICE, AT(device), "auto", 0, 0, "auto|cpu|cuda|ref", NULL, "what computes" },
    { "threads", OPTION_INT, AT(threads), "0", 0, 256, NULL, NULL, "threads that compute; 0: one a core" },
    { "log", OPTION_CHOICE, AT(log), "requests", 0, 0, "off|errors|requests", NULL,
      "a line for each request, or only for failures" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
const OptionTable server_config_table = { "a server config", &section, 1 };

Status server_config_default(ServerConfig *c) { return options_defaults(&server_config_table, c); }

void server_config_release(ServerConfig *c) { options_release(&server_config_table, c); }

static bool is_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@+/-");
    return n > 0 && n <= 128 && s[n] == '\0';
}

Status server_config_model(const char *entry, char **name, char **path)
{
    const char *equals = file_exists(entry) ? NULL : strchr(entry, '=');
    Status      s = equals ? text_format(name, "%.*s", (int)(equals - entry), entry) : OK;
    if (s == OK) s = text_copy(path, equals ? equals + 1 : entry);
    for (size_t n = s == OK ? strlen(*path) : 0; n > 1 && (*path)[n - 1] == '/'; n--) (*path)[n - 1] = '\0';
    if (s == OK && !equals) s = text_copy(name, path_name(*path));
    if (s == OK && !(*path)[0]) s = fail(ERR_CONFIG, "models: \"%s\" names no path", entry);
    if (s == OK && !is_name(*name))
        s = hint(fail(ERR_CONFIG, "models: \"%s\" cannot be a model's name", *name),
                 "give it one with NAME=PATH: letters, digits and ._:@+/- up to 128");
    return s;
}

Status server_config_read(ServerConfig *c, const char *path)
{
    char *folder = NULL;
    string_list_release(&c->models);
    Status s = options_read_file(&server_config_table, c, path);
    if (s == OK) s = path_folder(&folder, path);
    for (size_t i = 0; i < c->models.n && s == OK; i++) {
        char *name = NULL, *model = NULL, *joined = NULL, *full = NULL;
        s = server_config_model(c->models.items[i], &name, &model);
        if (s == OK) s = path_join(&joined, folder, model);
        if (s == OK) s = path_absolute(&full, joined);
        if (s == OK) s = text_format(&c->models.items[i], "%s=%s", name, full);
        free(name);
        free(model);
        free(joined);
        free(full);
    }
    free(folder);
    return s;
}

Status server_config_check(const ServerConfig *c)
{
    if (c->models.n == 0) return hint(fail(ERR_CONFIG, "there is no model to serve"), "whet serve --model PATH");
    if (!c->tls_cert != !c->tls_key)
        return hint(fail(ERR_CONFIG, "%s is given without %s", c->tls_cert ? "tls_cert" : "tls_key",
                         c->tls_cert ? "tls_key" : "tls_cert"),
                    "HTTPS needs the certificate and its private key");
    return OK;
}
