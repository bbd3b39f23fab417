//! `intercept report`: shows what `intercept record` has kept.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::Error;
use crate::events::entry::Ending;
use crate::events::file::{Next, Reader};
use crate::events::format::Format;
use crate::events::format::look::Look;
use crate::events::format::text::Lines;
use crate::output;
use crate::progress::Progress;

#[derive(Debug, clap::Args)]
#[command(after_help = "For example: intercept report --format html -o calls.html FILE")]
pub(crate) struct Arguments {
    /// What to make of it
    #[arg(short, long, value_enum, default_value_t = Format::Text, value_name = "FORMAT", hide_possible_values = true)]
    format: Format,
    /// Write to OUTPUT instead of stdout
    #[arg(short, long, value_name = "OUTPUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    look: Look,
    /// The recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Where results begin, unless something else is asked for.
pub(crate) const COLUMN: u8 = 40;

/// Reads and writes.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let name = arguments.file.display();
    let error = |error: io::Error| Error::new(format_args!("{name}: {error}"));
    let file = File::open(&arguments.file).map_err(error)?;
    let size = file.metadata().map_err(error)?.len();
    // Where the report itself appears there it is seen how far it is.
    let is_hidden = arguments.output.is_some() || !io::stdout().is_terminal();
    let terminal = Some(io::stderr()).filter(|stderr| is_hidden && stderr.is_terminal());
    let mut reader = Reader::new(BufReader::new(Progress::new(file, size, terminal))).map_err(error)?;
    let cannot_write = |error| Error::new(format_args!("cannot write the report: {error}"));
    let to: Box<dyn Write + Send> = match &arguments.output {
        Some(path) => Box::new(BufWriter::new(output::create(path)?)),
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let lines = Lines { look: arguments.look.clone(), column: COLUMN, ..Lines::default() };
    let outcome = (|| {
        let mut output = arguments.format.output(to, lines, reader.beginning).map_err(Failure::Writing)?;
        loop {
            match reader.next().map_err(Failure::Reading)? {
                Next::Entry(entry) => output.entry(&entry).map_err(Failure::Writing)?,
                Next::End(ending) => {
                    output.end(&ending).map_err(Failure::Writing)?;
                    return Ok(ending.missing());
                }
                Next::Cut => {
                    output.end(&Ending::default()).map_err(Failure::Writing)?;
                    return Ok(Some("the recording was not completed; this is what there is".to_owned()));
                }
            }
        }
    })();
    match outcome {
        Ok(None) => Ok(ExitCode::SUCCESS),
        Ok(Some(missing)) => {
            Error::new(format_args!("{name}: {missing}")).report();
            Ok(ExitCode::SUCCESS)
        }
        // The reader has seen enough (`| head`).
        Err(Failure::Writing(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(Failure::Writing(failure)) => Err(cannot_write(failure)),
        Err(Failure::Reading(failure)) => Err(error(failure)),
    }
}

enum Failure {
    Reading(io::Error),
    Writing(io::Error),
}
