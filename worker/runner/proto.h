/* proto.h - the generated message types the runner uses. */
#ifndef BATON_RUNNER_PROTO_H
#define BATON_RUNNER_PROTO_H

#include "result.pb-c.h"
#include "runner.pb-c.h"

#endif
