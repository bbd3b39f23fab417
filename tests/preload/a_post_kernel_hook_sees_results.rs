//! `intercept_hook_point_post_kernel`.

use crate::support::Workbench;

#[test]
fn every_call_that_was_made_is_shown_with_its_result() {
    Workbench::new().holds("post_kernel");
}
