//! What entries are turned into.

mod chrome;
mod csv;
mod folded;
mod html;
mod json;
pub(crate) mod look;
mod names;
mod perfetto;
pub(crate) mod text;

use std::io::{self, Write};

use clap::ValueEnum;

use super::entry::{Beginning, Ending, Entry, Output};
use text::{Lines, Text};

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines as strace prints them
    Text,
    /// One JSON object a line
    Json,
    /// Comma-separated values
    Csv,
    /// Trace events for chrome://tracing and ui.perfetto.dev
    Chrome,
    /// A binary trace for ui.perfetto.dev and trace_processor
    Perfetto,
    /// Time by program and call, for flame graph tools
    Folded,
    /// A page with a timeline and a flame graph
    Html,
}

impl Format {
    /// An output that writes this format.
    pub(crate) fn output(
        self,
        to: Box<dyn Write + Send>,
        lines: Lines,
        beginning: Beginning,
    ) -> io::Result<Box<dyn Output>> {
        Ok(match self {
            Format::Text => Box::new(Text::new(to, lines, beginning)),
            Format::Json => Box::new(json::Json::new(to, beginning)?),
            Format::Csv => Box::new(csv::Csv::new(to)?),
            Format::Chrome => Box::new(chrome::Chrome::new(to)?),
            Format::Perfetto => Box::new(perfetto::Perfetto::new(to)),
            Format::Folded => Box::new(folded::Folded::new(to)),
            Format::Html => Box::new(html::Html::new(to, beginning)),
        })
    }
}

impl<O: Output + ?Sized> Output for Box<O> {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        (**self).entry(entry)
    }

    fn flush(&mut self) -> io::Result<()> {
        (**self).flush()
    }

    fn end(&mut self, ending: &Ending) -> io::Result<()> {
        (**self).end(ending)
    }
}
