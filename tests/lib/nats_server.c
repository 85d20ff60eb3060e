#include "nats_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    NATS_SERVER_START_MS = 15000,
    NATS_SERVER_STOP_MS = 5000,
    NATS_SERVER_POLL_MS = 5,
    NATS_SERVER_PATH_MAX = 128,
};

static void nats_server_pause(void)
{
    struct timespec wait = {.tv_nsec = NATS_SERVER_POLL_MS * 1000000L};
    (void)nanosleep(&wait, NULL);
}

static struct sockaddr_in nats_server_address(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int nats_server_free_port(void)
{
    struct sockaddr_in address = nats_server_address(0);
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        port = ntohs(address.sin_port);
    if (fd >= 0)
        (void)close(fd);
    return port;
}

/* It answers once its INFO line has come. */
static bool nats_server_answers(int port)
{
    struct sockaddr_in address = nats_server_address(port);
    char first[4] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    struct timeval wait = {.tv_sec = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    bool answers = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                   recv(fd, first, sizeof(first), MSG_WAITALL) == sizeof(first) &&
                   memcmp(first, "INFO", sizeof(first)) == 0;
    (void)close(fd);
    return answers;
}

static void nats_server_exec(const struct nats_server *server)
{
    char config[NATS_SERVER_PATH_MAX];
    char log[NATS_SERVER_PATH_MAX];
    /* A test that crashes must not leave a server behind. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(config, sizeof(config), "%s/server.conf", server->dir);
    (void)snprintf(log, sizeof(log), "%s/server.log", server->dir);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(126);
    (void)execlp("nats-server", "nats-server", "-c", config, (char *)NULL);
    (void)execl("/usr/sbin/nats-server", "nats-server", "-c", config, (char *)NULL);
    _exit(127);
}

bool nats_server_restart(struct nats_server *server)
{
    server->pid = fork();
    if (server->pid == 0)
        nats_server_exec(server);
    if (server->pid < 0) {
        server->pid = 0;
        return false;
    }
    for (int waited = 0; waited < NATS_SERVER_START_MS; waited += NATS_SERVER_POLL_MS) {
        int status = 0;
        if (nats_server_answers(server->port))
            return true;
        if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
            (void)fprintf(stderr, "# nats-server ended with status %d\n", status);
            server->pid = 0;
            return false;
        }
        nats_server_pause();
    }
    (void)fprintf(stderr, "# nats-server does not answer on port %d\n", server->port);
    return false;
}

bool nats_server_start(struct nats_server *server, const char *config)
{
    char path[NATS_SERVER_PATH_MAX];
    *server = (struct nats_server){.dir = "/tmp/baton-nats-XXXXXX"};
    if (mkdtemp(server->dir) == NULL) {
        (void)fprintf(stderr, "# %s: %s\n", server->dir, strerror(errno));
        server->dir[0] = '\0';
        return false;
    }
    server->port = nats_server_free_port();
    (void)snprintf(server->url, sizeof(server->url), "nats://127.0.0.1:%d", server->port);
    (void)snprintf(path, sizeof(path), "%s/server.conf", server->dir);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    (void)fprintf(file, "host: 127.0.0.1\nport: %d\njetstream { store_dir: \"%s/store\" }\n%s\n",
                  server->port, server->dir, config == NULL ? "" : config);
    if (fclose(file) != 0)
        return false;
    return nats_server_restart(server);
}

void nats_server_kill(struct nats_server *server)
{
    if (server->pid == 0)
        return;
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void nats_server_freeze(struct nats_server *server)
{
    (void)kill(server->pid, SIGSTOP);
    (void)waitpid(server->pid, NULL, WUNTRACED);
}

static int nats_server_remove(const char *path, const struct stat *entry, int kind,
                              struct FTW *walk)
{
    (void)entry;
    (void)kind;
    (void)walk;
    return remove(path);
}

void nats_server_stop(struct nats_server *server)
{
    if (server->pid != 0)
        (void)kill(server->pid, SIGTERM);
    for (int waited = 0; server->pid != 0 && waited < NATS_SERVER_STOP_MS;
         waited += NATS_SERVER_POLL_MS) {
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            server->pid = 0;
        else
            nats_server_pause();
    }
    nats_server_kill(server);
    if (server->dir[0] != '\0')
        (void)nftw(server->dir, nats_server_remove, 16, FTW_DEPTH | FTW_PHYS);
    server->dir[0] = '\0';
}
