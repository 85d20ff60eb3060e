/* connect.h - how to reach the bus: flags, environment and the context files of the nats CLI.
 * Shell.
 */
#ifndef BATON_CONNECT_H
#define BATON_CONNECT_H

#include "base/arena.h"
#include "base/status.h"
#include "sys/config.h"

struct bus_options;

#define CONNECT_URL_DEFAULT "nats://127.0.0.1:4222"

/* Rows for a daemon's table of settings; connect_from_config() reads them. */
#define CONNECT_CONFIG_KEYS                                                                        \
    {.name = "server",                                                                             \
     .value = "URL",                                                                               \
     .also_env = "NATS_URL",                                                                       \
     .doc = "NATS servers, comma-separated (default " CONNECT_URL_DEFAULT ")"},                    \
        {.name = "context",                                                                        \
         .value = "NAME",                                                                          \
         .also_env = "NATS_CONTEXT",                                                               \
         .doc = "context of the nats CLI to connect with"},                                        \
        {.name = "creds",                                                                          \
         .value = "FILE",                                                                          \
         .also_env = "NATS_CREDS",                                                                 \
         .doc = "NATS credentials file"},                                                          \
        {.name = "nkey", .value = "FILE", .also_env = "NATS_NKEY", .doc = "NKey seed file"},       \
        {.name = "tlsca", .value = "FILE", .also_env = "NATS_CA", .doc = "TLS authorities"},       \
        {.name = "tlscert", .value = "FILE", .also_env = "NATS_CERT", .doc = "TLS certificate"},   \
    {                                                                                              \
        .name = "tlskey", .value = "FILE", .also_env = "NATS_KEY", .doc = "key of tlscert"         \
    }

/* What was asked for explicitly; NULL or "": nothing said. */
struct connect_wish {
    const char *server;
    const char *context;
    const char *creds;
    const char *nkey;
    const char *tlsca;
    const char *tlscert;
    const char *tlskey;
};

/* What to connect with. Texts live in the arena; all but the URL may be NULL. */
struct connect {
    const char *url;
    const char *creds;
    const char *nkey;
    const char *tls_ca;
    const char *tls_cert;
    const char *tls_key;
    struct arena arena;
};

void connect_done(struct connect *connect);

/**
 * Settle the options: the wish, then NATS_URL, NATS_CREDS, NATS_NKEY, NATS_CA, NATS_CERT,
 * NATS_KEY, then the context (of the wish, or NATS_CONTEXT, or, when no server is named at all,
 * the one selected in the nats CLI), then the default.
 *
 * @param environment [in]  ends with NULL; usually environ.
 * @param ret_connect [out] set on success; release with connect_done().
 * @return OK | NOT_FOUND (no such context) | MALFORMED (a context file that cannot be read) |
 *         NOMEM.
 */
enum status connect_resolve(const struct connect_wish *wish, char *const *environment,
                            struct connect *ret_connect, struct error *err) ATTR_MUST_USE;

/** connect_resolve() with the wish in a daemon's settings, see CONNECT_CONFIG_KEYS. */
enum status connect_from_config(const struct config *config, char *const *environment,
                                struct connect *ret_connect, struct error *err) ATTR_MUST_USE;

/** Put the options into `options`, which borrows the texts; its other fields are left alone. */
void connect_fill(const struct connect *connect, struct bus_options *options);

#endif
