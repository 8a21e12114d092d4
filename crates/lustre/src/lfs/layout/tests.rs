//! Layouts in all forms that `lfs getstripe` prints.

use super::*;
use serde_json::Value;
use stdx::reading::Collected;

fn layouts(text: &str, skips: usize) -> Vec<Value> {
    let mut found = Collected::with_records();
    read(text.as_bytes(), &mut found);
    assert_eq!(found.skips.len(), skips, "{:?}", found.skips);
    found.records.remove("lfs-layout").unwrap_or_default()
}

#[test]
fn plain_files_and_folders_are_read() {
    let text = "/l\nstripe_count:  1 stripe_size:   4194304 pattern:       0 stripe_offset: -1\n\n/l/f2\nlmm_stripe_count:  2\nlmm_stripe_size:   1048576\nlmm_pattern:       raid0\nlmm_layout_gen:    3\nlmm_stripe_offset: 2\nlmm_pool:          fast\n\tobdidx\t\t objid\t\t objid\t\t group\n\t     2\t            34\t         0x22\t   0x300000401\n\t     0\t             2\t          0x2\t             0 *\n\n/l/f3 has no stripe info\n";
    let found = layouts(text, 1);
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["path"], &found[0]["is_default"]),
        (&json!("/l"), &json!(true))
    );
    assert_eq!(found[0]["components"][0]["stripe_offset"], -1);
    let part = &found[1]["components"][0];
    assert_eq!(
        (&found[1]["path"], &found[1]["generation"]),
        (&json!("/l/f2"), &json!(3))
    );
    assert_eq!(
        (&part["pattern"], &part["pool"]),
        (&json!("raid0"), &json!("fast"))
    );
    assert_eq!(
        part["objects"][0],
        json!({"ost": 2, "sequence": 0x3_0000_0401_u64, "object": 34})
    );
    assert_eq!(part["objects"][1]["sequence"], 0);
}

#[test]
fn components_and_mirrors_are_read() {
    let text = "/l/m\n  composite_header:\n    lcm_magic:         0x0BD60BD0\n    lcm_size:          264\n    lcm_flags:         wp\n    lcm_layout_gen:    5\n    lcm_mirror_count:  2\n    lcm_entry_count:   2\n  components:\n    - lcme_id:             65537\n      lcme_mirror_id:      1\n      lcme_flags:          init,prefer\n      lcme_extent.e_start: 0\n      lcme_extent.e_end:   1048576\n      lcme_offset:         128\n      lcme_size:           56\n      sub_layout:\n        lmm_magic:         0x0BD10BD0\n        lmm_seq:           0x200000402\n        lmm_object_id:     0x2\n        lmm_fid:           [0x200000402:0x2:0x0]\n        lmm_stripe_count:  1\n        lmm_stripe_size:   1048576\n        lmm_pattern:       raid0\n        lmm_layout_gen:    0\n        lmm_stripe_offset: 0\n        lmm_objects:\n        - 0: { l_ost_idx: 0, l_fid: [0x280000400:0x3:0x0] }\n\n    - lcme_id:             131074\n      lcme_mirror_id:      2\n      lcme_flags:          init,stale\n      lcme_extent.e_start: 1048576\n      lcme_extent.e_end:   EOF\n        lmm_stripe_count:  -1\n        lmm_extension_size: 67108864\n        lmm_pattern:       raid0,overstriped\n        lmm_stripe_offset: -1\n\n/l/g\n  lcm_layout_gen:    1\n  lcm_mirror_count:  1\n  lcm_entry_count:   1\n    lcme_id:             1\n    lcme_extent.e_start: 0\n    lcme_extent.e_end:   EOF\n      lmm_pattern:       mdt\n      lmm_mdt_index:     1\n";
    let found = layouts(text, 0);
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["mirrors"], &found[0]["flags"], &found[0]["fid"]),
        (&json!(2), &json!("wp"), &json!("0x200000402:0x2:0x0"))
    );
    let parts = found[0]["components"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0]["flags"], json!(["init", "prefer"]));
    assert_eq!(
        parts[0]["objects"][0],
        json!({"ost": 0, "sequence": 0x2_8000_0400_u64, "object": 3})
    );
    assert_eq!(
        (
            &parts[1]["start"],
            &parts[1]["end"],
            &parts[1]["extension_size"]
        ),
        (&json!(1_048_576), &json!(null), &json!(67_108_864))
    );
    assert_eq!(
        (&found[1]["path"], &found[1]["components"][0]["mdt_index"]),
        (&json!("/l/g"), &json!(1))
    );
}

#[test]
fn yaml_is_read() {
    let text = "lmm_stripe_count:  2\nlmm_stripe_size:   1048576\nlmm_pattern:       raid0\nlmm_layout_gen:    0\nlmm_stripe_offset: 1\nlmm_objects:\n      - l_ost_idx: 1\n        l_fid:     0x2c0000401:0x2:0x0\n      - l_ost_idx: 0\n        l_fid:     0x280000400:0x2:0x0\nlcm_layout_gen:    3\nlcm_mirror_count:  1\nlcm_entry_count:   1\ncomponents:\n  - lcme_id:             1\n    lcme_flags:          init\n    lcme_extent.e_start: 0\n    lcme_extent.e_end:   4194304\n    sub_layout:\n      lmm_stripe_count:  1\n      lmm_objects:\n      - l_ost_idx: 3\n        l_fid:     0x340000400:0x2c:0x0\nlmm_stripe_count:  1\n";
    let found = layouts(text, 0);
    assert_eq!((found.len(), &found[2]["is_composite"]), (3, &json!(false)));
    assert_eq!(
        found[0]["components"][0]["objects"][1]["sequence"],
        0x2_8000_0400_u64
    );
    assert_eq!(found[1]["components"][0]["objects"][0]["object"], 0x2c);
}

#[test]
fn foreign_layouts_and_odd_lines_are_read() {
    let text = "/l/x\n  lfm_magic:         0x0BD70BD0\n  lfm_length:          5\n  lfm_type:          daos\n  lfm_flags:          0x0000DA05\n  lfm_value:     abcde\nnothing\n";
    let found = layouts(text, 1);
    assert_eq!(
        (&found[0]["path"], &found[0]["foreign"]),
        (&json!("/l/x"), &json!("daos"))
    );
    assert_eq!(layouts("", 0).len(), 0);
}
