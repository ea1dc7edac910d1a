/* For programs that open a store without a daemon: its journal is applied before they look. */
#ifndef GJ_SERVICE_RECOVER_H
#define GJ_SERVICE_RECOVER_H

#include "core/log.h"

/* Right after gj_store_open; see gj_command_log_replay. */
enum gj_err gj_service_recover(struct gj_store *store, struct gj_log_replayed *out, struct gj_fault *fault);

#endif
