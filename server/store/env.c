#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum gj_err gj_store_err(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return GJ_OK;
    case MDB_NOTFOUND:
        return GJ_ENOTFOUND;
    case MDB_KEYEXIST:
        return GJ_EEXIST;
    case MDB_MAP_FULL:
        return GJ_EFULL;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_PAGE_FULL:
    case MDB_CURSOR_FULL:
    case MDB_BAD_DBI:
    case MDB_INCOMPATIBLE:
        return GJ_ECORRUPT;
    case MDB_PANIC:
    case MDB_BAD_TXN:
        return GJ_EIO;
    case MDB_VERSION_MISMATCH:
        return GJ_EVERSION;
    case MDB_READERS_FULL:
        return GJ_EBUSY;
    case MDB_TXN_FULL:
        return GJ_ETOOBIG;
    case MDB_BAD_VALSIZE:
        return GJ_EINVAL;
    case EFBIG: /* the file size limit of the process: to us the disk is full */
        return GJ_ENOSPC;
    default:
        return gj_err_from_errno(rc);
    }
}

enum gj_err gj_store_open_fault(int rc, const char *what, struct gj_fault *fault)
{
    enum gj_err err = gj_store_err(rc);
    switch (err) {
    case GJ_ECORRUPT:
        return gj_fault_set(fault, err, "%s/data.mdb is damaged; restore the last backup", what);
    case GJ_EVERSION:
        return gj_fault_set(fault, err, "%s/data.mdb was written by another version of LMDB", what);
    case GJ_ENOMEM:
        return gj_fault_set(fault, err, "%s/data.mdb: the address space is too small for the map", what);
    default:
        return gj_fault_set(fault, err, "%s/data.mdb cannot be opened: %s", what, mdb_strerror(rc));
    }
}

enum gj_err gj_env_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return gj_err_from_errno(errno);
    }
    int rc = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return rc == 0 ? GJ_OK : gj_err_from_errno(rc);
}

/* LMDB takes an empty file for a new environment: a data file cut to nothing must not become an empty store. */
static enum gj_err look(const char *dir, const char *what, bool create, struct gj_fault *fault)
{
    if (create && mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "%s cannot be made: %s", dir, strerror(errno));
    }
    char path[GJ_STORE_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "%s: %s", path, strerror(errno));
    }
    if (create) {
        return there ? gj_fault_set(fault, GJ_EEXIST, "there is a store in this directory already (%s/data.mdb)", what)
                     : GJ_OK;
    }
    if (!there) {
        return gj_fault_set(fault, GJ_ENOTFOUND, "there is no store in this directory (%s/data.mdb is missing)", what);
    }
    return gj_check_file(path, what, false, fault);
}

/* Opens with the largest map the address space grants. */
static int open_env(struct gj_env *env, const char *path, unsigned flags)
{
    for (uint64_t map = env->map_bytes;; map /= 2) {
        int rc = mdb_env_create(&env->env);
        if (rc != MDB_SUCCESS) {
            env->env = NULL;
            return rc;
        }
        rc = mdb_env_set_mapsize(env->env, map);
        if (rc == MDB_SUCCESS) {
            rc = mdb_env_set_maxdbs(env->env, GJ_TABLE_COUNT + 16);
        }
        if (rc == MDB_SUCCESS) {
            rc = mdb_env_set_maxreaders(env->env, GJ_STORE_READERS + GJ_STORE_HELD);
        }
        if (rc == MDB_SUCCESS) {
            rc = mdb_env_open(env->env, path, flags, 0600);
        }
        if (rc == MDB_SUCCESS) {
            env->map_bytes = map;
            return rc;
        }
        mdb_env_close(env->env);
        env->env = NULL;
        if (rc != ENOMEM || map / 2 < GJ_STORE_MAP_MIN_BYTES) {
            return rc;
        }
    }
}

enum gj_err gj_env_open(struct gj_env *env, const char *dir, const char *what, uint64_t map_bytes, bool sync,
    bool create, struct gj_fault *fault)
{
    memset(env, 0, sizeof *env);
    env->what = what;
    env->map_bytes = map_bytes;
    if ((size_t)snprintf(env->dir, sizeof env->dir, "%s", dir) >= sizeof env->dir) {
        return gj_fault_set(fault, GJ_ETOOBIG, "the path of the data directory is too long");
    }
    enum gj_err err = look(dir, what, create, fault);
    if (err != GJ_OK) {
        return err;
    }
    int rc = open_env(env, dir, MDB_NOTLS | (sync ? 0 : MDB_NOSYNC));
    if (rc != MDB_SUCCESS) {
        return gj_store_open_fault(rc, what, fault);
    }
    int dead = 0;
    mdb_reader_check(env->env, &dead);
    return GJ_OK;
}

enum gj_err gj_env_open_file(struct gj_env *env, const char *path, const char *what, struct gj_fault *fault)
{
    memset(env, 0, sizeof *env);
    env->what = what;
    env->map_bytes = GJ_STORE_MAP_MIN_BYTES; /* raised by LMDB to the size of the file */
    enum gj_err err = gj_check_file(path, what, false, fault);
    if (err != GJ_OK) {
        return err;
    }
    int rc = open_env(env, path, MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR | MDB_NOTLS);
    return rc == MDB_SUCCESS ? GJ_OK : gj_store_open_fault(rc, what, fault);
}

bool gj_env_undone(struct gj_env *env, enum gj_err err)
{
    MDB_txn *probe = NULL;
    if (err == GJ_EIO || err == GJ_ECORRUPT || err == GJ_ESYS ||
        mdb_txn_begin(env->env, NULL, 0, &probe) != MDB_SUCCESS) {
        return false;
    }
    mdb_txn_abort(probe);
    return true;
}

void gj_env_close(struct gj_env *env)
{
    if (env->env != NULL) {
        mdb_env_close(env->env);
        env->env = NULL;
    }
}
