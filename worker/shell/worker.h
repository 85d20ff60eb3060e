/* worker.h - one worker at work: what the shell's halves, loop.c and perform.c, have in common.
 * Shell. */
#ifndef BATON_WORKER_H
#define BATON_WORKER_H

#include "bus/bus.h"
#include "core/engine.h"
#include "shell/output.h"
#include "shell/register.h"
#include "shell/runner_port.h"
#include "shell/workdir.h"
#include "sys/log.h"
#include "wire/subject.h"

enum {
    WORKER_QUESTIONS = 16, /* operations on the bus whose answers are remembered; one is normal */
    WORKER_PENDING = 8,    /* events that arise while another one is being performed */
};

enum session_state { SESSION_NONE, SESSION_OPENING, SESSION_OPEN, SESSION_CLOSING };

struct worker;

/* Who asked the bus, so that the answer finds its way to the engine. */
struct question {
    struct worker *worker;
    uint64_t id;
    struct attempt_key key; /* for the log */
};

/* What belongs to the attempt at hand; empty between two. */
struct work {
    struct runner *runner;
    struct output *output;
    Baton__V1__Outcome *outcome; /* the runner's, or ours in place of it */
    uint64_t output_chunks;
    char directory[WORKDIR_PATH_MAX]; /* "": none */
};

struct worker {
    uv_loop_t *loop;
    const struct log *log;
    struct bus_options bus_options;
    const char *cell;
    const char *node;
    const char *runner_program;
    struct workdir *workdir;
    struct registration *registration;

    struct engine engine;
    struct work work;
    struct question questions[WORKER_QUESTIONS];
    struct event pending[WORKER_PENDING];
    unsigned pending_count;
    bool stepping;

    enum session_state session;
    struct bus *bus; /* NULL unless the session is open */
    struct bus_pull *pull;
    struct bus_subscription *cancels;
    struct subject results_stream;
    unsigned connect_failures;

    uv_timer_t deadline_timer, connect_timer, stop_timer;
    uv_signal_t term_signal, int_signal;
    enum stop_state { STOP_NOT, STOP_DRAINING, STOP_ABORTING, STOP_SAYING, STOP_STOPPED } stop;
    const char *last_trouble; /* outcome text of the consumer's last trouble, to log it once */
};

/** Give the engine an event and perform what follows, and what follows from that. */
void worker_feed(struct worker *worker, struct event event);

/* perform.c: do one thing the engine asks for. */
void perform_effect(struct worker *worker, const struct effect *effect);

/** Let go of what belongs to the attempt; keep its directory if its task may still run. */
void perform_drop_work(struct worker *worker, bool settled);

#endif
