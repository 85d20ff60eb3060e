/* worker_engine.h - the shipped worker core under names of its own. Pure.
 *
 * Both cores call their door engine_step(); the build renames the three symbols that collide in a
 * copy of the shipped archive (sim/meson.build), byte for byte the same code.
 */
#ifndef BATON_SIM_WORKER_ENGINE_H
#define BATON_SIM_WORKER_ENGINE_H

#define engine_step worker_engine_step
#define engine_check worker_engine_check
#define engine_deadline worker_engine_deadline
#include "worker/core/engine.h"

#endif
