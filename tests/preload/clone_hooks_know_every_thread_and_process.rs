//! `intercept_hook_point_clone_child` and `_parent`.

use crate::support::Workbench;

#[test]
fn threads_forks_vforks_and_spawned_programs_are_seen_from_both_sides() {
    Workbench::new().holds("clone_hooks");
}
