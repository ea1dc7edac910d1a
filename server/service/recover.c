#include "service/recover.h"

#include <string.h>

#include "core/core.h"
#include "core/policies.h"
#include "service/table.h"

enum gj_err gj_service_recover(struct gj_store *store, struct gj_log_replayed *out, struct gj_fault *fault)
{
    struct gj_core core = {
        .store = store, .vault = gj_store_vault(store), .services = gj_service_table, .demo = gj_store_is_demo(store)};
    memcpy(core.cluster_id, gj_store_cluster_id(store), sizeof core.cluster_id);
    enum gj_err err = gj_policies_new(&core.policies);
    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "out of memory");
    }
    err = gj_command_log_replay(&core, out, fault);
    gj_policies_free(core.policies);
    return err;
}
