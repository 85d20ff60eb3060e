/* baton-runner - owns one task: its process tree, its output, its exit record.
 *
 * Started by baton-worker, which hands it the order on file descriptor 3. It outlives a worker
 * that dies: the exit record in the attempt's directory says how the task ended.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runner/run.h"

enum { MAIN_ORDER_WAIT_MS = 30000 };

static void main_settle(void)
{
    /* Whatever else the worker had open is none of the task's business. */
    (void)close_range(LINK_FD + 1, ~0u, 0);
    (void)fcntl(LINK_FD, F_SETFD, FD_CLOEXEC);
    /* Out of the terminal's and the worker's reach: a Ctrl-C is for the worker to interpret. */
    (void)setsid();
    const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP};
    for (unsigned i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        (void)sigaction(ignored[i], &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("baton-runner %s\n", BATON_VERSION);
        return EXIT_SUCCESS;
    }
    main_settle();
    struct error err = {0};
    AUTO(link_done) struct link link = {.fd = LINK_FD};
    Baton__V1__RunOrder *order = NULL;
    enum status status = STATUS_IO;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        (void)ERROR(&err, STATUS_IO, "becoming a subreaper failed");
    else
        order = link_receive_order(&link, MAIN_ORDER_WAIT_MS, &err);
    if (order != NULL) {
        status = run_task(order, &link, &err);
        baton__v1__run_order__free_unpacked(order, NULL);
    }
    if (status != STATUS_OK)
        (void)fprintf(stderr, "baton-runner: %s\n", err.text);
    return status == STATUS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
