#include "sys/connect.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "bus/bus.h"

enum { CONNECT_PATH_MAX = 4096 };

static const char *connect_env(char *const *environment, const char *name)
{
    size_t len = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
            return *environment + len + 1;
    }
    return NULL;
}

static const char *connect_first(const char *wish, const char *second)
{
    if (wish != NULL && wish[0] != '\0')
        return wish;
    return second != NULL && second[0] != '\0' ? second : NULL;
}

void connect_done(struct connect *connect)
{
    arena_done(&connect->arena);
    *connect = (struct connect){0};
}

/* The directory of the nats CLI. @return false if there is no home. */
static bool connect_directory(char *const *environment, char path[CONNECT_PATH_MAX])
{
    const char *base = connect_first(connect_env(environment, "XDG_CONFIG_HOME"), NULL);
    const char *home = connect_first(connect_env(environment, "HOME"), NULL);
    int len = -1;
    if (base != NULL)
        len = snprintf(path, CONNECT_PATH_MAX, "%s/nats", base);
    else if (home != NULL)
        len = snprintf(path, CONNECT_PATH_MAX, "%s/.config/nats", home);
    return len > 0 && len < CONNECT_PATH_MAX;
}

/* The context chosen with `nats context select`, "" if none. */
static void connect_selected(const char *directory, char *name, size_t capacity)
{
    char path[CONNECT_PATH_MAX + 16];
    name[0] = '\0';
    (void)snprintf(path, sizeof path, "%s/context.txt", directory);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(name, (int)capacity, file) != NULL)
        name[strcspn(name, "\r\n")] = '\0';
    (void)fclose(file);
}

static enum status connect_keep(struct connect *connect, const char **field, const char *text,
                                struct error *err)
{
    if (text == NULL)
        return STATUS_OK;
    *field = arena_text(&connect->arena, bytes_of_text(text));
    return *field == NULL ? ERROR(err, STATUS_NOMEM, "out of memory") : STATUS_OK;
}

static enum status connect_percent(struct buffer *text, const char *part)
{
    enum status status = STATUS_OK;
    for (; *part != '\0' && status == STATUS_OK; part++) {
        bool plain = (*part >= 'a' && *part <= 'z') || (*part >= 'A' && *part <= 'Z') ||
                     (*part >= '0' && *part <= '9') || strchr("-._~", *part) != NULL;
        status = plain ? buffer_append(text, bytes_of(part, 1))
                       : buffer_print(text, "%%%02X", (unsigned)(unsigned char)*part);
    }
    return status;
}

/* A context may hold a user and a password or a token. They travel in the URL, the only place the
 * bus takes them from; a URL which names a user already is left alone. */
static enum status connect_login(struct connect *connect, const json_t *context, struct error *err)
{
    const char *user = connect_first(json_string_value(json_object_get(context, "user")), NULL);
    const char *password = json_string_value(json_object_get(context, "password"));
    const char *token = connect_first(json_string_value(json_object_get(context, "token")), NULL);
    const char *scheme_end = strstr(connect->url, "://");
    if ((user == NULL && token == NULL) || strchr(connect->url, '@') != NULL)
        return STATUS_OK;
    const char *rest = scheme_end == NULL ? connect->url : scheme_end + 3;
    AUTO(buffer_done) struct buffer url = {0};
    enum status status = buffer_append(&url, bytes_of(connect->url, (size_t)(rest - connect->url)));
    if (status == STATUS_OK && scheme_end == NULL)
        status = buffer_append(&url, bytes_of_text("nats://"));
    if (status == STATUS_OK)
        status = connect_percent(&url, user != NULL ? user : token);
    if (status == STATUS_OK && user != NULL && password != NULL) {
        status = buffer_append(&url, bytes_of_text(":"));
        if (status == STATUS_OK)
            status = connect_percent(&url, password);
    }
    if (status == STATUS_OK)
        status = buffer_print(&url, "@%s", rest);
    if (status != STATUS_OK)
        return ERROR(err, status, "out of memory");
    return connect_keep(connect, &connect->url, buffer_text(&url), err);
}

/* Take from the context what neither the wish nor the environment said. */
static enum status connect_take(struct connect *connect, const json_t *context, struct error *err)
{
    const struct {
        const char **field;
        const char *key;
    } fields[] = {
        {&connect->url, "url"},   {&connect->creds, "creds"},   {&connect->nkey, "nkey"},
        {&connect->tls_ca, "ca"}, {&connect->tls_cert, "cert"}, {&connect->tls_key, "key"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const char *text = json_string_value(json_object_get(context, fields[i].key));
        if (*fields[i].field != NULL)
            continue;
        enum status status = connect_keep(connect, fields[i].field, connect_first(text, NULL), err);
        if (status != STATUS_OK)
            return status;
    }
    return connect->url == NULL ? STATUS_OK : connect_login(connect, context, err);
}

static enum status connect_context(struct connect *connect, const char *directory, const char *name,
                                   struct error *err)
{
    char path[CONNECT_PATH_MAX + 512];
    if (strchr(name, '/') != NULL || name[0] == '.')
        return ERROR(err, STATUS_MALFORMED, "context %s: not a name", name);
    int len = snprintf(path, sizeof path, "%s/context/%s.json", directory, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return ERROR(err, STATUS_MALFORMED, "context: the name is too long");
    json_error_t problem;
    errno = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return ERROR(err, STATUS_NOT_FOUND, "context %s: %s: %s", name, path, strerror(errno));
    json_t *context = json_loadf(file, 0, &problem);
    (void)fclose(file);
    enum status status = STATUS_OK;
    if (!json_is_object(context))
        status = ERROR(err, STATUS_MALFORMED, "%s:%d:%d: %s", path, problem.line, problem.column,
                       context == NULL ? problem.text : "not a JSON object");
    else
        status = connect_take(connect, context, err);
    json_decref(context);
    return status;
}

static enum status connect_settle(struct connect *connect, const struct connect_wish *wish,
                                  char *const *environment, struct error *err)
{
    const struct {
        const char **field;
        const char *wish;
        const char *variable;
    } fields[] = {
        {&connect->url, wish->server, "NATS_URL"},
        {&connect->creds, wish->creds, "NATS_CREDS"},
        {&connect->nkey, wish->nkey, "NATS_NKEY"},
        {&connect->tls_ca, wish->tlsca, "NATS_CA"},
        {&connect->tls_cert, wish->tlscert, "NATS_CERT"},
        {&connect->tls_key, wish->tlskey, "NATS_KEY"},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && status == STATUS_OK; i++) {
        const char *text =
            connect_first(fields[i].wish, connect_env(environment, fields[i].variable));
        status = connect_keep(connect, fields[i].field, text, err);
    }
    if (status != STATUS_OK)
        return status;
    const char *name = connect_first(wish->context, connect_env(environment, "NATS_CONTEXT"));
    char directory[CONNECT_PATH_MAX];
    char selected[256] = "";
    bool found = connect_directory(environment, directory);
    if (name == NULL && connect->url == NULL && found) {
        connect_selected(directory, selected, sizeof selected);
        name = connect_first(selected, NULL);
    }
    if (name != NULL && !found)
        return ERROR(err, STATUS_NOT_FOUND, "context %s: HOME is not set", name);
    if (name != NULL)
        status = connect_context(connect, directory, name, err);
    if (status == STATUS_OK && connect->url == NULL)
        connect->url = CONNECT_URL_DEFAULT;
    return status;
}

enum status connect_resolve(const struct connect_wish *wish, char *const *environment,
                            struct connect *ret_connect, struct error *err)
{
    struct connect connect = {0};
    enum status status = connect_settle(&connect, wish, environment, err);
    if (status != STATUS_OK) {
        connect_done(&connect);
        return status;
    }
    *ret_connect = connect;
    return STATUS_OK;
}

enum status connect_from_config(const struct config *config, char *const *environment,
                                struct connect *ret_connect, struct error *err)
{
    const struct connect_wish wish = {
        .server = config_text(config, "server"),
        .context = config_text(config, "context"),
        .creds = config_text(config, "creds"),
        .nkey = config_text(config, "nkey"),
        .tlsca = config_text(config, "tlsca"),
        .tlscert = config_text(config, "tlscert"),
        .tlskey = config_text(config, "tlskey"),
    };
    return connect_resolve(&wish, environment, ret_connect, err);
}

void connect_fill(const struct connect *connect, struct bus_options *options)
{
    options->url = connect->url;
    options->creds = connect->creds;
    options->nkey = connect->nkey;
    options->tls_ca = connect->tls_ca;
    options->tls_cert = connect->tls_cert;
    options->tls_key = connect->tls_key;
}
