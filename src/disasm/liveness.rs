//! Whether a vector or x87 register can hold something at a system call that anybody reads later.
//!
//! What is proved dead need not be saved, and saving it is most of what a crossing costs (`cargo bench -- calls`). A wrong
//! proof destroys the program, so it is asked for much more than would do nearly always. The function around the call
//!
//! - consists of instructions on general registers, memory and flags alone, so that neither it nor a path from the call to
//!   its end reads such a register or returns something in one of its own making;
//! - calls nobody, so that nobody it called has left a result there, and no argument is on its way to anybody;
//! - is left by `ret` alone, and entered at its start alone;
//! - is called by its symbol or a pointer alone. A direct call from elsewhere in the object may come from the same compilation
//!   unit, and then the compiler may know which registers the function leaves alone, and keep something in them (`-fipa-ra`, on
//!   at `-O2`). Who calls through a symbol or a pointer knows nothing but the ABI, by which a function may change all of them.
//!
//! The walk sees to the first three (`Walk::closed`), and leaves out functions whose bounds are not sure.

use super::{
    code::{Code, run_at},
    incoming::{Arrival, is_near_target},
    locate::within,
    site::Site,
};

/// Whether nothing in the object branches into the function of a site from outside of it. `arrivals` are those at all closed
/// functions.
pub(super) fn is_called_by_symbol(site: &Site, arrivals: &[Arrival], runs: &[Code<'_>]) -> bool {
    let function = &site.function;
    let from_outside = |arrival: &Arrival| !function.contains(&arrival.source);
    !within(arrivals, function.clone()).iter().any(from_outside)
        && run_at(runs, function.start).is_none_or(|run| !is_near_target(run, function))
}
