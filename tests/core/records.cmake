# The record engine through the real calls: one program a subject, all over the same small company.
add_library(gj_work_world STATIC work_world.c)
target_link_libraries(gj_work_world PUBLIC gj_direct)
foreach(name work_life work_rules work_clock)
  gj_test(test_${name} SOURCES test_${name}.c DEPENDS gj_work_world LABELS core)
endforeach()
