#!/usr/bin/python3
"""Each rule of the tree is shown something that breaks it and something that does not."""

import unittest

import rules


class Includes(unittest.TestCase):
    def refused(self, path, line):
        return rules.check_includes(path, line + "\n") != []

    def test_leftwards_only(self):
        self.assertTrue(self.refused("common/frame.c", '#include "store/txn.h"'))
        self.assertTrue(self.refused("common/frame.c", '#include "common/policy/flow.h"'))
        self.assertTrue(self.refused("server/store/txn.c", '#include "core/commit.h"'))
        self.assertTrue(self.refused("server/core/commit.c", '#include "service/table.h"'))
        self.assertTrue(self.refused("server/core/commit.c", '#include "net/conn.h"'))
        self.assertFalse(self.refused("server/core/commit.c", '#include "store/txn.h"'))
        self.assertFalse(self.refused("server/main.c", '#include "service/table.h"'))
        self.assertFalse(self.refused("common/policy/flow.c", '#include "common/arena.h"'))

    def test_service_and_net_never_meet(self):
        self.assertTrue(self.refused("server/service/admin/admin.c", '#include "net/conn.h"'))
        self.assertTrue(self.refused("server/net/conn.c", '#include "service/table.h"'))

    def test_services_share_rules_alone(self):
        self.assertTrue(self.refused("server/service/admin/admin.c", '#include "service/inbox/inbox.h"'))
        self.assertFalse(self.refused("server/service/admin/admin.c", '#include "service/inbox/inbox_rules.h"'))
        self.assertFalse(self.refused("server/service/admin/admin.c", '#include "service/admin/users.h"'))

    def test_client_knows_no_server(self):
        self.assertTrue(self.refused("client/lib/call.c", '#include "core/call.h"'))
        self.assertTrue(self.refused("client/lib/call.c", '#include "server/store/txn.h"'))
        self.assertFalse(self.refused("client/lib/call.c", '#include "client/include/guanjia.h"'))
        self.assertTrue(self.refused("server/net/conn.c", '#include "client/include/guanjia.h"'))

    def test_libraries_stay_in_their_folder(self):
        self.assertTrue(self.refused("server/core/log.c", "#include <lmdb.h>"))
        self.assertFalse(self.refused("server/store/txn.c", "#include <lmdb.h>"))
        self.assertTrue(self.refused("common/clock.c", "#include <uv.h>"))
        self.assertTrue(self.refused("server/store/store.c", "#include <uv.h>"))
        self.assertTrue(self.refused("server/net/conn.c", "#include <jansson.h>"))
        self.assertFalse(self.refused("server/net/conn.c", "#include <stdint.h>"))

    def test_product_includes_no_test(self):
        self.assertTrue(self.refused("server/net/conn.c", '#include "../../tests/lib/x.h"')
                        or self.refused("server/net/conn.c", '#include <cmocka.h>'))


class Style(unittest.TestCase):
    def test_length(self):
        self.assertTrue(rules.check_length("common/a.c", "x\n" * 501))
        self.assertFalse(rules.check_length("common/a.c", "x\n" * 500))
        self.assertFalse(rules.check_length("tests/a.c", "x\n" * 501))

    def test_function(self):
        body = "static int f(void)\n{\n" + "    x;\n" * 69 + "}\n"
        self.assertTrue(rules.check_functions("a/b.c", body))
        self.assertFalse(rules.check_functions("a/b.c", body.replace("    x;\n", "", 1)))
        self.assertFalse(rules.check_functions("a/b.c", "static int t[] = {\n" + "    1,\n" * 200 + "};\n"))

    def test_words(self):
        for line in ("// TODO: more", "/* fixme */", "a stub", "is not implemented", "see /work/main", "for order A"):
            self.assertTrue(rules.check_words("a/b.c", line), line)
        for line in ("stubborn", "/etc/guanjia/guanjiad.yaml", "in order", "networking", "GJ_UNIMPLEMENTED"):
            self.assertFalse(rules.check_words("a/b.c", line), line)

    def test_lock_file(self):
        self.assertTrue(rules.check_lock_file("x/package-lock.json", '"resolved": "http://10.0.0.1/a.tgz"'))
        self.assertFalse(rules.check_lock_file("x/package-lock.json",
                                               '"resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz"'))

    def test_header(self):
        self.assertTrue(rules.check_header_exists("common/a.c", {"common/a.c", "common/b.h"}))
        self.assertFalse(rules.check_header_exists("common/a.c", {"common/a.h"}))
        self.assertFalse(rules.check_header_exists("server/core/work_save.c", {"server/core/work.h"}))
        self.assertFalse(rules.check_header_exists("server/service/admin/users.c", {"server/service/admin/admin.h"}))
        self.assertFalse(rules.check_header_exists("server/main.c", set()))

    def test_rules_are_pure(self):
        self.assertTrue(rules.check_rules_are_pure("a/x_rules.c", "#include <uv.h>\n"))
        self.assertFalse(rules.check_rules_are_pure("a/x.c", "#include <uv.h>\n"))

    def test_log_table(self):
        names = rules.log_names('gj_log(GJ_LOG_WARN, "net.refused", x); gj_log_fault("store.open", &f); log("no.line");')
        self.assertEqual(names, {"net.refused", "store.open"})
        title = "| `an.alarm` | |\n## What each log line means\n"
        self.assertEqual(len(rules.check_log_table(names, title + "| `net.refused` | x |\n| `net.gone` | y |\n")), 2)
        self.assertFalse(rules.check_log_table(names, title + "| `net.refused` | x |\n| `store.open` | y |\n"))

    def test_fault_table(self):
        row = "| garbage | `net/test_wire.c` test_garbage, test_other |"
        self.assertEqual(rules.check_fault_table(row, {"net/test_wire.c": "test_garbage test_other"}), [])
        self.assertEqual(len(rules.check_fault_table(row, {"net/test_wire.c": "test_garbage"})), 1)
        self.assertEqual(len(rules.check_fault_table(row, {})), 1)
        self.assertTrue(rules.check_fault_table("| nothing |", {}))


unittest.main()
