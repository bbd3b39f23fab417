//! What happens when a plugin panics.

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::report;

/// What happens when a plugin panics: said in [`plugin!`](crate::plugin!). Either way a line on stderr names the file of the plugin.
///
/// (In a plugin that is compiled with `panic = "abort"` Rust aborts the process before anybody is asked.)
///
/// ```standalone_crate
/// use syscall_intercept::{Action, OnPanic, Syscall, plugin};
///
/// plugin!(hook, on_panic: OnPanic::Disable);
///
/// fn hook(call: &Syscall) -> Action {
///     let [first, second, ..] = call.args();
///     // Overflows, one day.
///     assert!(first.checked_add(second) != Some(42));
///     Action::Forward
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnPanic {
    /// The process is aborted.
    #[default]
    Abort,
    /// The call goes on as if the plugin had not been asked, and the plugin is not asked any more.
    Disable,
}

/// Runs a plugin. `None` if it has panicked and is to be disabled.
pub(super) fn guarded<T>(on_panic: OnPanic, plugin: &CStr, run: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(run)).ok();
    if outcome.is_none() {
        let plugin = plugin.to_string_lossy();
        match on_panic {
            OnPanic::Abort => {
                report::line(&format_args!("the plugin {plugin} has panicked: the process is aborted"));
                std::process::abort();
            }
            OnPanic::Disable => report::line(&format_args!("the plugin {plugin} has panicked: it is asked no more")),
        }
    }
    outcome
}
