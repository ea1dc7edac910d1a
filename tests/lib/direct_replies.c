#include "lib/direct_impl.h"

#include "proto/admin.pb-c.h"
#include "proto/audit.pb-c.h"
#include "proto/directory.pb-c.h"
#include "proto/dispatch.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "proto/policy.pb-c.h"
#include "proto/record.pb-c.h"
#include "proto/register.pb-c.h"
#include "proto/session.pb-c.h"

/* Answers of the calls that are not plain writes. */
static const struct {
    Gj__V1__Call call;
    const ProtobufCMessageDescriptor *type;
} replies[] = {
    {GJ__V1__CALL__SESSION_LOGIN, &gj__v1__session__descriptor},
    {GJ__V1__CALL__SESSION_RESUME, &gj__v1__session__descriptor},
    {GJ__V1__CALL__SESSION_WHOAMI, &gj__v1__session__descriptor},
    {GJ__V1__CALL__SESSION_SUBSCRIBE, &gj__v1__subscription__descriptor},
    {GJ__V1__CALL__ADMIN_DEVICE_LIST, &gj__v1__device_list__descriptor},
    {GJ__V1__CALL__ADMIN_USER_LIST, &gj__v1__user_list__descriptor},
    {GJ__V1__CALL__ADMIN_DELEGATION_LIST, &gj__v1__delegation_list__descriptor},
    {GJ__V1__CALL__ADMIN_STATUS, &gj__v1__health__descriptor},
    {GJ__V1__CALL__ADMIN_BACKUP, &gj__v1__written__descriptor},
    {GJ__V1__CALL__ADMIN_ROSTER_LIST, &gj__v1__roster_list__descriptor},
    {GJ__V1__CALL__ADMIN_ROSTER_GAPS, &gj__v1__duty_gaps__descriptor},
    {GJ__V1__CALL__ADMIN_DUTY_LIST, &gj__v1__duty_list__descriptor},
    {GJ__V1__CALL__DIR_OFFICE_LIST, &gj__v1__office_list__descriptor},
    {GJ__V1__CALL__DIR_REGION_LIST, &gj__v1__region_list__descriptor},
    {GJ__V1__CALL__DIR_BUILDING_LIST, &gj__v1__building_list__descriptor},
    {GJ__V1__CALL__DIR_HOUSEHOLD_SHOW, &gj__v1__household__descriptor},
    {GJ__V1__CALL__DIR_HOUSEHOLD_FIND, &gj__v1__household_list__descriptor},
    {GJ__V1__CALL__DIR_ASSET_LIST, &gj__v1__asset_list__descriptor},
    {GJ__V1__CALL__DIR_STAFF_LIST, &gj__v1__staff_list__descriptor},
    {GJ__V1__CALL__DIR_CONTRACTOR_LIST, &gj__v1__contractor_list__descriptor},
    {GJ__V1__CALL__DIR_IMPORT_REPORT, &gj__v1__import_report__descriptor},
    {GJ__V1__CALL__DISPATCH_WHY, &gj__v1__why__descriptor},
    {GJ__V1__CALL__DISPATCH_BOARD, &gj__v1__board__descriptor},
    {GJ__V1__CALL__RECORD_SHOW, &gj__v1__shown__descriptor},
    {GJ__V1__CALL__RECORD_LIST, &gj__v1__row_list__descriptor},
    {GJ__V1__CALL__RECORD_HISTORY, &gj__v1__history__descriptor},
    {GJ__V1__CALL__RECORD_ACTIONS, &gj__v1__action_list__descriptor},
    {GJ__V1__CALL__ATTACHMENT_BEGIN, &gj__v1__attachment_begun__descriptor},
    {GJ__V1__CALL__ATTACHMENT_COMMIT, &gj__v1__attachment_committed__descriptor},
    {GJ__V1__CALL__ATTACHMENT_READ, &gj__v1__attachment_data__descriptor},
    {GJ__V1__CALL__KIND_LIST, &gj__v1__kind_list__descriptor},
    {GJ__V1__CALL__RECORD_IMPORT_CHECK, &gj__v1__import_checked__descriptor},
    {GJ__V1__CALL__OBLIGATION_LIST, &gj__v1__obligation_list__descriptor},
    {GJ__V1__CALL__OWNER_CODE, &gj__v1__owner_code__descriptor},
    {GJ__V1__CALL__DRAW, &gj__v1__row_list__descriptor},
    {GJ__V1__CALL__INBOX_LIST, &gj__v1__inbox_list__descriptor},
    {GJ__V1__CALL__POLICY_LIST, &gj__v1__policy_list__descriptor},
    {GJ__V1__CALL__POLICY_GET, &gj__v1__policy_get_reply__descriptor},
    {GJ__V1__CALL__AUDIT_ENTRIES, &gj__v1__audit_entries__descriptor},
    {GJ__V1__CALL__AUDIT_HEAD, &gj__v1__audit_head__descriptor},
};

const ProtobufCMessageDescriptor *gj_direct_reply_type(uint16_t call, Gj__V1__Status status)
{
    if (status == GJ__V1__STATUS__CONFLICT) {
        return &gj__v1__record__descriptor;
    }
    for (size_t i = 0; status == GJ__V1__STATUS__OK && i < sizeof replies / sizeof replies[0]; i++) {
        if ((uint16_t)replies[i].call == call) {
            return replies[i].type;
        }
    }
    return NULL;
}
