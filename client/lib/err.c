#include "client/include/guanjia.h"

#include "common/err.h"
#include "proto/envelope.pb-c.h"

#include <assert.h>
#include <stdlib.h>

/* The public numbers are those of the shared library, so that no translation can go wrong. */
#define SAME(name) static_assert((int)GUANJIA_##name == (int)GJ_##name, "public error number of " #name)
SAME(OK);
SAME(ENOMEM);
SAME(EINVAL);
SAME(ETOOBIG);
SAME(ENOTFOUND);
SAME(EEXIST);
SAME(EIO);
SAME(ENOSPC);
SAME(ECORRUPT);
SAME(ECRYPTO);
SAME(ECLOSED);
SAME(ETIMEDOUT);
SAME(EVERSION);
SAME(EBUSY);
SAME(EDENIED);
SAME(ESYS);

static_assert((int)GUANJIA_S_INTERNAL == (int)GJ__V1__STATUS__INTERNAL, "public status numbers");
static_assert((int)GUANJIA_S_CONFLICT == (int)GJ__V1__STATUS__CONFLICT, "public status numbers");

const char *guanjia_err_name(enum guanjia_err err)
{
    switch (err) {
    case GUANJIA_ENOTENROLLED:
        return "ENOTENROLLED";
    case GUANJIA_EREVOKED:
        return "EREVOKED";
    case GUANJIA_EINVITATION:
        return "EINVITATION";
    case GUANJIA_ECLUSTER:
        return "ECLUSTER";
    default:
        return gj_err_name((enum gj_err)err) + 3; /* without "GJ_" */
    }
}

const char *guanjia_status_name(int status)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&gj__v1__status__descriptor, status);
    return value == NULL ? "UNKNOWN" : value->name;
}

const char *guanjia_state_name(enum guanjia_state state)
{
    static const char *const names[] = {"idle", "connecting", "online", "ready", "waiting", "stopped", "closing"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

void guanjia_free(void *bytes)
{
    free(bytes);
}
