//! Opening the logs that the environment asks for.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use super::delivery;
use super::options::{Asked, Options};
use super::process::LOG;
use super::trace::{ALL_IDS, NO_IDS};
use crate::config::Config;

/// Called once, by the constructor.
pub(crate) fn configure(config: &Config) {
    if config.magic_log {
        LOG.drop_in.honour_magic();
    }
    if let Some(path) = path(&config.log) {
        LOG.drop_in.start(path, !config.log_append);
    }
    if let Some(text) = &config.trace_options {
        let Asked { options, calls, signals, about } = Options::parse(&text.to_string_lossy());
        options.become_those_of_process();
        LOG.choice.become_these(calls.as_ref(), options.results);
        if !about.is_empty() {
            LOG.choice.become_those_about(about, calls.as_ref());
        }
        delivery::show_only(signals);
    }
    if let Some(path) = path(&config.trace) {
        LOG.trace.start(path, false, first_thread(config));
    }
    if let Some(path) = &config.events {
        LOG.events.start(path);
    }
    // As long as nothing is written to it, its memory is that of the file.
    if LOG.drop_in.is_on() || LOG.traces() {
        LOG.update();
    }
}

/// An empty path is no log.
fn path(path: &Option<OsString>) -> Option<impl Iterator<Item = u8>> {
    path.as_ref().filter(|path| !path.is_empty()).map(|path| path.as_bytes().iter().copied())
}

/// The thread whose lines carry no id: the first one of the first program that is traced.
fn first_thread(config: &Config) -> i64 {
    match config.trace_parent {
        None => NO_IDS,
        Some(parent) if parent == std::os::unix::process::parent_id() => std::process::id().into(),
        Some(_) => ALL_IDS,
    }
}
