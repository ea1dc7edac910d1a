#include "service/table.h"

#include "service/admin/admin.h"
#include "service/audit/audit.h"
#include "service/directory/directory.h"
#include "service/dispatch/dispatch.h"
#include "service/inbox/inbox.h"
#include "service/policy/policy.h"
#include "service/register/register.h"
#include "service/session/session.h"
#include "service/system/system.h"

/* One row per folder: add the header and the row of a new service here. */
const struct gj_service *const gj_service_table[] = {
    &gj_session_service,
    &gj_admin_service,
    &gj_directory_service,
    &gj_directory_system_service,
    &gj_dispatch_service,
    &gj_register_service,
    &gj_inbox_service,
    &gj_policy_service,
    &gj_audit_service,
    &gj_system_service,
    NULL,
};
