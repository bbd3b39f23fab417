//! The machine as a whole.

use super::sets;

sets! {
    GETRANDOM, "GRND_???", "0": GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE;
    /// From `linux/io_uring.h`.
    URING_ENTER, "IORING_ENTER_???", "0": IORING_ENTER_GETEVENTS = 1, IORING_ENTER_SQ_WAKEUP = 2, IORING_ENTER_SQ_WAIT = 4,
        IORING_ENTER_EXT_ARG = 8, IORING_ENTER_REGISTERED_RING = 16;
    /// From `linux/rseq.h`.
    RSEQ, "RSEQ_FLAG_???", "0": RSEQ_FLAG_UNREGISTER = 1;
}
