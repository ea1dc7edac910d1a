#include "client/include/guanjia.h"

#include "proto/envelope.pb-c.h"

/* Calls that change something and carry a request key; every other call only reads and may be repeated freely. */
static const uint32_t writes[] = {
    GJ__V1__CALL__SESSION_LOGOUT,
    GJ__V1__CALL__SESSION_SET_PASSWORD,
    GJ__V1__CALL__ADMIN_INVITE,
    GJ__V1__CALL__ADMIN_DEVICE_REVOKE,
    GJ__V1__CALL__ADMIN_USER_CREATE,
    GJ__V1__CALL__ADMIN_USER_DISABLE,
    GJ__V1__CALL__ADMIN_USER_RESET_PASSWORD,
    GJ__V1__CALL__ADMIN_ROLE_GRANT,
    GJ__V1__CALL__ADMIN_ROLE_REVOKE,
    GJ__V1__CALL__ADMIN_ROLE_APPROVE,
    GJ__V1__CALL__ADMIN_DELEGATE,
    GJ__V1__CALL__ADMIN_DELEGATION_END,
    GJ__V1__CALL__ADMIN_BACKUP,
    GJ__V1__CALL__ADMIN_CLOCK_CONFIRM,
    GJ__V1__CALL__ADMIN_ROSTER_SET,
    GJ__V1__CALL__ADMIN_ABSENCE_SET,
    GJ__V1__CALL__DIR_OFFICE_CREATE,
    GJ__V1__CALL__DIR_OFFICE_CHANGE,
    GJ__V1__CALL__DIR_REGION_CREATE,
    GJ__V1__CALL__DIR_BUILDING_CREATE,
    GJ__V1__CALL__DIR_HOUSEHOLD_CREATE,
    GJ__V1__CALL__DIR_HOUSEHOLD_CHANGE,
    GJ__V1__CALL__DIR_PERSON_PUT,
    GJ__V1__CALL__DIR_VEHICLE_PUT,
    GJ__V1__CALL__DIR_ASSET_PUT,
    GJ__V1__CALL__DIR_STAFF_PUT,
    GJ__V1__CALL__DIR_CONTRACTOR_PUT,
    GJ__V1__CALL__DIR_IMPORT_BEGIN,
    GJ__V1__CALL__DIR_IMPORT_CHUNK,
    GJ__V1__CALL__DIR_IMPORT_COMMIT,
    GJ__V1__CALL__DIR_IMPORT_ABANDON,
    GJ__V1__CALL__DIR_CALLER_PUT,
    GJ__V1__CALL__DISPATCH_INTAKE,
    GJ__V1__CALL__RECORD_CREATE,
    GJ__V1__CALL__RECORD_ACT,
    GJ__V1__CALL__RECORD_AMEND,
    GJ__V1__CALL__RECORD_LINK,
    GJ__V1__CALL__RECORD_ADDENDUM,
    GJ__V1__CALL__RECORD_APPROVE,
    GJ__V1__CALL__RECORD_IMPORT,
    GJ__V1__CALL__ATTACHMENT_COMMIT,
    GJ__V1__CALL__DRAW,
    GJ__V1__CALL__INBOX_ACK,
    GJ__V1__CALL__POLICY_PROPOSE,
    GJ__V1__CALL__POLICY_STAGE,
    GJ__V1__CALL__POLICY_APPROVE,
    GJ__V1__CALL__CALENDAR_PROPOSE,
    GJ__V1__CALL__CALENDAR_APPROVE,
    GJ__V1__CALL__LIMIT_PROPOSE,
    GJ__V1__CALL__LIMIT_APPROVE,
    GJ__V1__CALL__WEATHER_MODE,
};

bool guanjia_call_is_write(uint32_t number)
{
    for (size_t n = 0; n < sizeof writes / sizeof writes[0]; n++) {
        if (writes[n] == number) {
            return true;
        }
    }
    return false;
}
